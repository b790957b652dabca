import COpenSSL

/// A failed call into OpenSSL, with everything in its error queue.
public struct OpenSSLError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One entry of OpenSSL's error queue.
  public struct Reason: Equatable, Sendable, CustomStringConvertible {
    /// The part of the library, for example `PEM routines`.
    public let library: String
    /// What went wrong, for example `bad decrypt`.
    public let text: String
    /// Additional data that OpenSSL attached, for example a file or algorithm; empty if there is none.
    public let detail: String
    let libraryNumber: Int32
    let reasonNumber: Int32

    /// The text, for example `bad decrypt`, followed by the detail, if any: `unsupported (Algorithm (RC2-40-CBC : 0))`.
    public var description: String { detail.isEmpty ? text : "\(text) (\(detail))" }
  }

  /// The attempted operation, in words that continue "cannot ...".
  public let operation: String
  /// The error queue, the first cause first. Empty if OpenSSL gave no reason.
  public let reasons: [Reason]

  /// The reasons on one line.
  public var reason: String {
    reasons.isEmpty ? "no reason given" : reasons.map(\.description).joined(separator: "; ")
  }

  /// `cannot OPERATION: REASON; REASON`.
  public var description: String { "cannot \(operation): \(reason)" }

  /// Returns the thread's error queue as an error, and empties the queue.
  package static func take(_ operation: String) -> OpenSSLError {
    OpenSSLError(operation: operation, reasons: takeReasons())
  }

  /// Returns an error that this wrapper detected itself.
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

  /// The alert that the peer sent (RFC 8446 section 6); `nil` if no alert is the cause.
  var alert: Int32? {
    reasons.first { $0.libraryNumber == Int32(ERR_LIB_SSL) && $0.reasonNumber >= Int32(CSSL_REASON_OFFSET) }
      .map { $0.reasonNumber - Int32(CSSL_REASON_OFFSET) }
  }

  func contains(library: Int32, reason: Int32) -> Bool {
    reasons.contains { $0.libraryNumber == library && $0.reasonNumber == reason }
  }

  /// Whether an algorithm is missing or disabled, which no password can fix.
  ///
  /// (The decoders report "unsupported" for any unintelligible bytes, such as those that a wrong password produces; that does not count
  /// here.)
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

/// Returns a result that is not `nil`; otherwise throws the thread's error queue.
func checked<Result>(_ operation: @autoclosure () -> String, _ result: Result?) throws(OpenSSLError) -> Result {
  guard let result else { throw OpenSSLError.take(operation()) }
  return result
}

/// Throws the thread's error queue unless `result` is positive, which means success for most OpenSSL calls.
func checked(_ operation: @autoclosure () -> String, _ result: Int32) throws(OpenSSLError) {
  guard result > 0 else { throw OpenSSLError.take(operation()) }
}
