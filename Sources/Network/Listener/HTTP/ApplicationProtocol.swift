/// The protocols offered in the TLS handshake (ALPN), in order of preference. Without ALPN the client speaks HTTP/1.1.
enum ApplicationProtocol: String, CaseIterable {
  case http2 = "h2"
  case http1 = "http/1.1"
}
