import AgentProtocol
import OpenSSL

extension VerifiedClient {
  /// The client that a certificate stands for, once it was verified: what it is called in records, and its other names.
  init(_ certificate: Certificate) {
    let identity = ClientIdentity(subject: certificate.subject, thumbprint: certificate.sha256Thumbprint)
    let names = certificate.subjectAlternativeNames.compactMap { name -> String? in
      switch name {
      case .dns, .email, .uri: name.description
      case .address, .other: nil
      }
    }
    let readable = names.compactMap(ClientName.init)
    // One that the supervisor would not read must not be missing where a rule relies on it.
    self.init(identity, names: readable.count == names.count ? readable : nil)
  }
}
