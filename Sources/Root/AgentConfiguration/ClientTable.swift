import AgentProtocol
import Glibc
import Values

/// One table `[[client]]`: what the clients may do that it is for. The first that is for a client rules.
public struct ClientTable: Equatable, Sendable {
  /// Which jobs a client may see, cancel and delete.
  public enum Jobs: String, CaseIterable, Sendable {
    /// Those that were submitted by a client of the same subject.
    case own
    /// All.
    case all
  }

  /// Where it begins in agentd.toml, counted from 1.
  public var line: Int
  /// Whom it is for.
  public var certificate: ClientPattern
  /// The users that jobs may run as; `nil` for any but root.
  public var users: [String]?
  /// Whether jobs may run as root.
  public var allowRoot = false
  /// The groups that a request may name; `nil` for any that its user is a member of. Membership is asked for either way.
  public var groups: [String]?
  /// The programs that jobs may be; `nil` for any.
  public var commands: [ProgramPattern]?
  /// The jobs that it may see and change.
  public var jobs = Jobs.own
  /// Whether it may only look.
  public var readOnly = false
  /// The pool that all its jobs run in; `nil` for the one that a request names, or none.
  public var pool: String?

  /// A table for `certificate` with every choice left at its default.
  public init(line: Int, certificate: ClientPattern) {
    self.line = line
    self.certificate = certificate
  }

  /// The most tables, and the most elements of a list in one.
  public static let maximumCount = 1000
}

/// Whom a table is for.
public enum ClientPattern: Equatable, Sendable, CustomStringConvertible {
  /// Every client that was let in.
  case any
  /// The one certificate with this thumbprint.
  case thumbprint(Thumbprint)
  /// Every certificate with this subject; `text` is how it was written.
  case subject(SubjectName, text: String)
  /// Every certificate with this alternative name.
  case name(ClientName)

  /// Whether `client` is meant.
  public func matches(_ client: VerifiedClient) -> Bool {
    switch self {
    case .any: true
    case .thumbprint(let thumbprint): client.thumbprint == thumbprint
    case .subject(let name, _): SubjectName(client.subject) == name
    case .name(let name): client.names?.contains(name) ?? false
    }
  }

  /// As it is written in the file.
  public var description: String {
    switch self {
    case .any: "*"
    case .thumbprint(let thumbprint): thumbprint.description
    case .subject(_, let text): text
    case .name(let name): name.description
    }
  }

  /// Reads what the key `certificate` says, or why it says nothing.
  public static func read(_ text: String) -> Result<ClientPattern, Fault> {
    if text == "*" { return .success(.any) }
    if let name = ClientName(text) { return .success(.name(name)) }
    if let digits = ThumbprintQuery.digits(in: text) {
      if let thumbprint = Thumbprint(digits) { return .success(.thumbprint(thumbprint)) }
      return .failure(
        Fault("has \(digits.utf8.count) hex digits; a SHA-256 thumbprint has 64: see agent-register -V FILE"))
    }
    if text.contains("="), let subject = SubjectName(text) { return .success(.subject(subject, text: text)) }
    return .failure(
      Fault(
        "is not a SHA-256 thumbprint, a subject such as \"CN=scheduler,O=Example\", an alternative name such as "
          + "\"DNS:host\", \"email:user@host\" or \"URI:uri\", or \"*\""))
  }

  /// What is wrong with a pattern, to follow after its text.
  public struct Fault: Error, Equatable, Sendable {
    /// The rest of the sentence.
    public let text: String
    init(_ text: String) { self.text = text }
  }
}

/// A pattern of absolute paths, as glob(7) has it: `*`, `?` and `[...]` stand for characters within one component of the path.
public struct ProgramPattern: Equatable, Sendable, CustomStringConvertible {
  /// As it is written in the file.
  public let description: String

  /// - Returns: `nil` for what matches no absolute path that has neither `.` nor `..` nor an empty component.
  public init?(_ text: String) {
    guard text.utf8.count <= JobRequest.Limits.pathBytes, Self.isPlain(text) else { return nil }
    description = text
  }

  /// Whether `path` is one of those meant. What it leads to on this host is another question.
  public func matches(_ path: String) -> Bool {
    Self.isPlain(path) && fnmatch(description, path, FNM_PATHNAME | FNM_PERIOD) == 0
  }

  /// Whether a path is absolute, and says where it leads without detours.
  static func isPlain(_ path: String) -> Bool {
    guard path.hasPrefix("/"), !path.utf8.contains(0) else { return false }
    return path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      .allSatisfy { !["", ".", ".."].contains($0) }
  }
}
