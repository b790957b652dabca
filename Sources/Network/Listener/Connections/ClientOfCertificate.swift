import AgentProtocol
import ClientVerification
import OpenSSL
import Values

extension VerifiedClient {
  /// Creates the client of a verified certificate: its identity in records, and its other names.
  init(_ certificate: Certificate) {
    let names = certificate.subjectAlternativeNames.compactMap { name -> String? in
      switch name {
      case .dns, .email, .uri: name.description
      case .address, .other: nil
      }
    }
    let readable = names.compactMap(ClientName.init)
    // A name that the supervisor could not read must not be silently missing where a rule relies on it.
    self.init(ClientIdentity(certificate), names: readable.count == names.count ? readable : nil)
  }
}
