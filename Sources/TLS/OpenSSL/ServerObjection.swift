import COpenSSL
import Values

extension TLSClientConnection {
  /// Returns OpenSSL's objection to a server's certificate in words, with what to do; nil for one that is seldom seen.
  ///
  /// - Parameter code: what X509_STORE_CTX_get_error(3) returns.
  func words(about certificate: Certificate, _ code: Int32, _ serverName: String) -> String? {
    switch code {
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      let names = certificate.subjectAlternativeNames.prefix(8).map(\.value).joined(separator: ", ")
      return
        "certificate \(certificate) is not for \(serverName), but for \(names.isEmpty ? "no name at all" : names): "
        + "use such a name, or issue it again with /SAN=\(serverName)"
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE:
      let hasNamesake = context.rootSubjects.contains { $0.utf8.elementsEqual(certificate.issuer.utf8) }
      let namesake = hasNamesake ? "; the one here of that name has another key" : ""
      return
        "certificate \(certificate) is of another root CA, \(certificate.issuer), which is not trusted here\(namesake): "
        + "import that root, or give the server a certificate of one that is"
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return
        "certificate \(certificate) expired on \(day(certificate.notAfter)): renew it, or correct the clock that is wrong"
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return
        "certificate \(certificate) is not valid before \(day(certificate.notBefore)): correct the clock that is wrong"
    case X509_V_ERR_INVALID_PURPOSE:
      return
        "certificate \(certificate) is not for servers: it needs one for servers, such as CREATE AGENT LISTENER CERT makes"
    default: return nil
    }
  }

  private func day(_ seconds: Int64) -> String { Timestamp(seconds: seconds).day }
}
