import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Asks agentd for GET /v1/agent with one TLS version and prints the whole answer: Java's JSSE as a client.
 *
 * <p>usage: java Agent PORT ROOT 1.2|1.3 [PKCS12 PASSWORD]
 */
public class Agent {
  public static void main(String[] arguments) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        arguments.length > 3 ? keys(Path.of(arguments[3]), arguments[4].toCharArray()).getKeyManagers() : null,
        trust(Path.of(arguments[1])).getTrustManagers(), null);
    int port = Integer.parseInt(arguments[0]);
    try (SSLSocket peer = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
      SSLParameters parameters = peer.getSSLParameters();
      parameters.setProtocols(new String[] {"TLSv" + arguments[2]});
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      peer.setSSLParameters(parameters);
      String request = "GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      peer.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      peer.getInputStream().transferTo(System.out);
      System.out.flush();
    }
  }

  private static KeyManagerFactory keys(Path file, char[] password) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream stream = Files.newInputStream(file)) {
      store.load(stream, password);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, password);
    return keys;
  }

  private static TrustManagerFactory trust(Path root) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream stream = Files.newInputStream(root)) {
      store.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(stream));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    return trust;
  }
}
