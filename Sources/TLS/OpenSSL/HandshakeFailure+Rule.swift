extension HandshakeFailure {
  /// Faults found without examining a certificate; our rules about certificates have their own words.
  private enum Rule: String, CaseIterable {
    case noCertificate = "no_certificate"
    case keyNotProven = "key_not_proven"
    case certificatesTooLarge = "certificates_too_large"
    case listenerCertificateRejected = "listener_certificate_rejected"
    case clientAlert = "client_alert"
    case noCommonVersion = "no_common_version"
    case noCommonParameters = "no_common_parameters"
    case plainHTTP = "plain_http"
    case notTLS = "not_tls"
    case closed
    case silent
    case timedOut = "timed_out"
    case other
  }

  /// The word under which this failure is counted.
  public var rule: String {
    if case .refused(let rule, _) = self { rule } else { ownRule.rawValue }
  }

  /// All values of `rule`, except for those of certificate verification.
  public static var rules: [String] { Rule.allCases.map(\.rawValue) }

  private var ownRule: Rule {
    switch self {
    case .noClientCertificate: .noCertificate
    case .keyNotProven: .keyNotProven
    case .certificatesTooLarge: .certificatesTooLarge
    case .listenerCertificateRejected: .listenerCertificateRejected
    case .clientAlert: .clientAlert
    case .noCommonVersion: .noCommonVersion
    case .noCommonParameters: .noCommonParameters
    case .plainHTTP: .plainHTTP
    case .notTLS: .notTLS
    case .closed(let wasSilent): wasSilent ? .silent : .closed
    case .timedOut: .timedOut
    case .refused, .other: .other
    }
  }
}
