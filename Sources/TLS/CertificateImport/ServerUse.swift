import OpenSSL

/// Checks whether the listener can serve with a certificate, in the same way: by creating a TLS context.
public enum ServerUse {
  /// - Parameters:
  ///   - chain: the certificate, then its issuers.
  ///   - key: the certificate's private key.
  /// - Throws: `ImportRefusal.unusable` for a certificate that is too weak or cannot be used for another reason.
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
