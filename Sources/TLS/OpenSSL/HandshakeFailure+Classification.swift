import COpenSSL

extension HandshakeFailure {
  /// Classifies OpenSSL's error.
  init(_ error: OpenSSLError, opening: Opening, client: Certificate?, certificateLimit: Int) {
    let codes = Set(error.reasons.filter { $0.libraryNumber == Int32(ERR_LIB_SSL) }.map(\.reasonNumber))
    if let alert = error.alert {
      self = Self.alert(alert)
    } else if codes.contains(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
      self = .noClientCertificate
    } else if codes.contains(SSL_R_BAD_SIGNATURE), let client {
      self = .keyNotProven(certificate: client.description)
    } else if codes.contains(SSL_R_EXCESSIVE_MESSAGE_SIZE), client == nil {
      self = .certificatesTooLarge(limit: certificateLimit)
    } else if let foreign = opening.foreignProtocol {
      self = foreign
    } else if !codes.isDisjoint(with: Self.versionReasons) {
      self = .noCommonVersion
    } else if let reason = error.reasons.first(where: { Self.parameterReasons.contains($0.reasonNumber) }) {
      self = .noCommonParameters(reason.text)
    } else {
      self = .other(client.map { "\(error.reason), after the client presented certificate \($0)" } ?? error.reason)
    }
  }

  private static let versionReasons: Set<Int32> = [
    SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, SSL_R_WRONG_SSL_VERSION,
    SSL_R_INAPPROPRIATE_FALLBACK, SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNKNOWN_PROTOCOL,
  ]

  private static let parameterReasons: Set<Int32> = [
    SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_SHARED_GROUPS,
    SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_APPLICATION_PROTOCOL,
    SSL_R_MISSING_SUPPORTED_GROUPS_EXTENSION,
  ]

  private static func alert(_ number: Int32) -> HandshakeFailure {
    let name = String(cString: SSL_alert_desc_string_long(number))
    return switch number {
    case SSL_AD_BAD_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_CERTIFICATE_REVOKED,
      SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNKNOWN_CA:
      .listenerCertificateRejected(alert: name)
    case SSL_AD_PROTOCOL_VERSION: .noCommonVersion
    default: .clientAlert(name)
    }
  }
}
