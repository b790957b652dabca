import AgentProtocol
import ClientVerification
import OpenSSL
import Values

extension VerifiedClient {
  /// The client that a certificate stands for, once it was verified: what it is called in records, and its other names.
  init(_ certificate: Certificate) {
    let names = certificate.subjectAlternativeNames.compactMap { name -> String? in
      switch name {
      case .dns, .email, .uri: name.description
      case .address, .other: nil
      }
    }
    let readable = names.compactMap(ClientName.init)
    // One that the supervisor would not read must not be missing where a rule relies on it.
    self.init(ClientIdentity(certificate), names: readable.count == names.count ? readable : nil)
  }
}
