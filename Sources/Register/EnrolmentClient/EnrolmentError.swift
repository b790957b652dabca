import HTTPSClient

/// Why no certificate was obtained, classified by who must act.
public enum EnrolmentError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The server does not answer or is overloaded. May be temporary.
  case unreachable(String)
  /// The server did not prove that it is the scheduler's.
  case untrusted(String)
  /// The server has accepted the request but has not decided yet: a person may have to approve it. The same request has to be sent again.
  case pending(String)
  /// The server refuses to issue it; its reason.
  case refused(String)
  /// The answer is unusable.
  case unusable(String)

  /// One line.
  public var description: String {
    switch self {
    case .unreachable(let text), .untrusted(let text), .pending(let text), .refused(let text), .unusable(let text): text
    }
  }

  init(_ error: HTTPSError) {
    let text = error.description
    switch error.kind {
    case .unreachable: self = .unreachable("\(text); does SERVE ENROLMENT run there?")
    case .untrusted: self = .untrusted(text)
    case .unauthenticated: self = .refused(text)
    case .misconfigured, .unusable: self = .unusable(text)
    }
  }

  /// Returns the first line of an answer for people.
  static func firstLine(_ body: [UInt8]) -> String {
    String(decoding: body.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
  }

  /// RFC 7030 section 4.2.3: the body may contain the reason.
  init(status: Int, _ body: [UInt8], _ server: EnrolmentServer) {
    let line = Self.firstLine(body)
    let text = "\(server) refuses (HTTP \(status))\(line.isEmpty ? "" : ": \(line)")"
    self = status >= 500 || status == 429 ? .unreachable(text) : .refused(text)
  }
}
