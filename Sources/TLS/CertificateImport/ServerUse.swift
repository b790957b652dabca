import OpenSSL

/// Whether the listener will be able to serve with a certificate, found out in the way it will: by making a TLS context.
public enum ServerUse {
  /// - Parameters:
  ///   - chain: the certificate, then its issuers.
  ///   - key: the certificate's private key.
  /// - Throws: `ImportRefusal.unusable` for one that is too weak, or otherwise not to be served with.
  public static func check(_ chain: [Certificate], _ key: PrivateKey) throws(ImportRefusal) {
    do throws(OpenSSLError) {
      _ = try TLSServerContext(.init(certificateChain: chain, privateKey: key, clientAuthorities: [])) { _ in
        .refused(alert: .handshakeFailure, reason: "this context is never used")
      }
    } catch {
      throw .unusable(subject: chain[0].subject, reason: error.reason)
    }
  }
}
