import COpenSSL

/// A call into OpenSSL that failed, with everything that OpenSSL has to say about it.
public struct OpenSSLError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One entry of OpenSSL's error queue.
  public struct Reason: Equatable, Sendable, CustomStringConvertible {
    /// The part of the library, for example `PEM routines`.
    public let library: String
    /// What went wrong, for example `bad decrypt`.
    public let text: String
    /// Further facts that OpenSSL attached, for example a file or algorithm; empty where there are none.
    public let detail: String
    let libraryNumber: Int32
    let reasonNumber: Int32

    /// `bad decrypt`, or `unsupported (Algorithm (RC2-40-CBC : 0))` with a detail.
    public var description: String { detail.isEmpty ? text : "\(text) (\(detail))" }
  }

  /// What was tried, in words that continue "cannot ...".
  public let operation: String
  /// The error queue, the first cause first. Empty where OpenSSL gave no reason.
  public let reasons: [Reason]

  /// The reasons in one line.
  public var reason: String {
    reasons.isEmpty ? "no reason given" : reasons.map(\.description).joined(separator: "; ")
  }

  /// `cannot OPERATION: REASON; REASON`.
  public var description: String { "cannot \(operation): \(reason)" }

  /// Takes the thread's error queue, which is empty afterwards.
  package static func take(_ operation: String) -> OpenSSLError {
    OpenSSLError(operation: operation, reasons: takeReasons())
  }

  /// An error that this wrapper found itself.
  package static func own(_ operation: String, _ text: String) -> OpenSSLError {
    let reason = Reason(library: "", text: text, detail: "", libraryNumber: 0, reasonNumber: 0)
    return OpenSSLError(operation: operation, reasons: [reason])
  }

  static func takeReasons() -> [Reason] {
    var reasons: [Reason] = []
    var data: UnsafePointer<CChar>?
    var flags: Int32 = 0
    while case let code = ERR_get_error_all(nil, nil, nil, &data, &flags), code != 0 {
      reasons.append(Reason(code: code, detail: flags & ERR_TXT_STRING != 0 ? data : nil))
    }
    return reasons
  }

  /// The number of the alert that the peer sent (RFC 8446 section 6); nil if none is the cause.
  var alert: Int32? {
    reasons.first { $0.libraryNumber == Int32(ERR_LIB_SSL) && $0.reasonNumber >= Int32(CSSL_REASON_OFFSET) }
      .map { $0.reasonNumber - Int32(CSSL_REASON_OFFSET) }
  }

  func contains(library: Int32, reason: Int32) -> Bool {
    reasons.contains { $0.libraryNumber == library && $0.reasonNumber == reason }
  }

  /// Whether an algorithm is missing or switched off, which no password mends. (The decoders say "unsupported" of any
  /// bytes that make no sense to them, such as those that a wrong password gives: these are not meant.)
  var isUnsupportedAlgorithm: Bool {
    reasons.contains {
      $0.libraryNumber == Int32(ERR_LIB_EVP)
        && ($0.reasonNumber == ERR_R_UNSUPPORTED || $0.reasonNumber == EVP_R_UNSUPPORTED_ALGORITHM)
    }
  }
}

extension OpenSSLError.Reason {
  fileprivate init(code: UInt, detail: UnsafePointer<CChar>?) {
    libraryNumber = cssl_ERR_LIB(code)
    reasonNumber = cssl_ERR_REASON(code)
    library = ERR_lib_error_string(code).map { String(cString: $0) } ?? "library \(libraryNumber)"
    if cssl_ERR_is_system(code) != 0 {
      text = String(cString: strerror(reasonNumber))
    } else {
      text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "reason \(reasonNumber)"
    }
    self.detail = detail.map { String(cString: $0) } ?? ""
  }
}

/// Passes a result other than nil on; nil becomes the thread's error queue.
func checked<Result>(_ operation: @autoclosure () -> String, _ result: Result?) throws(OpenSSLError) -> Result {
  guard let result else { throw OpenSSLError.take(operation()) }
  return result
}

/// Throws the thread's error queue unless `result` is positive, which is success for most of OpenSSL's calls.
func checked(_ operation: @autoclosure () -> String, _ result: Int32) throws(OpenSSLError) {
  guard result > 0 else { throw OpenSSLError.take(operation()) }
}
