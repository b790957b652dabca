import AgentProtocol
import Glibc
import Values
import Wording

/// A `[[client]]` table: what the clients that match it may do. The first table that matches a client applies.
public struct ClientTable: Equatable, Sendable {
  /// The jobs that a client may see, cancel and delete.
  public enum Jobs: String, CaseIterable, Sendable {
    /// Jobs submitted by a client with the same subject.
    case own
    /// All jobs.
    case all
  }

  /// The line where it begins in agentd.toml, counted from 1.
  public var line: Int
  /// The clients that it matches.
  public var certificate: ClientPattern
  /// The users that jobs may run as; `nil` for any except root.
  public var users: [String]?
  /// Whether jobs may run as root.
  public var allowRoot = false
  /// The groups that a request may name; `nil` for any. In both cases the user must be a member of the group.
  public var groups: [String]?
  /// The programs that jobs may run; `nil` for any.
  public var commands: [ProgramPattern]?
  /// The variables that a request may set; `nil` for any if `commands` is `nil` too, otherwise none.
  ///
  /// Variables that make programs load something are refused in any case.
  public var environment: [VariablePattern]?
  /// The user of a request that names none. Without it, a client that may see only its own jobs has to name a user.
  public var defaultUser: String?
  /// Whether its jobs may leave processes running, if `[jobs]` allows that.
  public var leaveProcesses = true
  /// The jobs that the client may see and change.
  public var jobs = Jobs.own
  /// Whether the client has read-only access.
  public var readOnly = false
  /// The pool that all jobs of the client run in; `nil` for the one that a request names, or none.
  public var pool: String?

  /// Creates a table for `certificate` with default values.
  public init(line: Int, certificate: ClientPattern) {
    self.line = line
    self.certificate = certificate
  }

  /// The maximum number of tables, and of elements in a list of a table.
  public static let maximumCount = 1000
}

/// A pattern that clients are matched against.
public enum ClientPattern: Equatable, Sendable, CustomStringConvertible {
  /// Every admitted client.
  case any
  /// The certificate with this thumbprint.
  case thumbprint(Thumbprint)
  /// Every certificate with this subject; `text` is the subject as written.
  case subject(SubjectName, text: String)
  /// Every certificate with this alternative name.
  case name(ClientName)

  /// Returns whether `client` matches.
  public func matches(_ client: VerifiedClient) -> Bool {
    switch self {
    case .any: true
    case .thumbprint(let thumbprint): client.thumbprint == thumbprint
    case .subject(let name, _): SubjectName(client.subject) == name
    case .name(let name): client.names?.contains(name) ?? false
    }
  }

  /// The pattern as written in the file.
  public var description: String {
    switch self {
    case .any: "*"
    case .thumbprint(let thumbprint): thumbprint.description
    case .subject(_, let text): text
    case .name(let name): name.description
    }
  }

  /// Parses the value of the key `certificate`, or returns why it is invalid.
  public static func read(_ text: String) -> Result<ClientPattern, Fault> {
    if text.isSame(as: "*") { return .success(.any) }
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

  /// What is wrong with a pattern, in words that follow its text.
  public struct Fault: Error, Equatable, Sendable {
    /// The rest of the sentence.
    public let text: String
    init(_ text: String) { self.text = text }
  }
}

/// A pattern for absolute paths, as in glob(7): `*`, `?` and `[...]` match characters within one component of the path.
public struct ProgramPattern: Equatable, Sendable, CustomStringConvertible {
  /// The pattern as written in the file.
  public let description: String

  /// Creates a pattern.
  ///
  /// - Returns: `nil` if the text is not an absolute path, has a component that is empty, `.` or `..`, or is too long.
  public init?(_ text: String) {
    guard text.utf8.count <= JobRequest.Limits.pathBytes, Self.isPlain(text) else { return nil }
    description = text
  }

  /// Returns whether `path` matches. What the path refers to on this host is not checked.
  public func matches(_ path: String) -> Bool {
    Self.isPlain(path) && fnmatch(description, path, FNM_PATHNAME | FNM_PERIOD) == 0
  }

  /// Returns whether a path is absolute and has no empty, `.` or `..` component.
  static func isPlain(_ path: String) -> Bool {
    guard path.begins(with: "/"), !path.utf8.contains(0) else { return false }
    return path.parts(at: "/").dropFirst().allSatisfy { !["", ".", ".."].containsSame(as: $0) }
  }
}

/// A pattern for the names of environment variables: a name, or a prefix such as `LC_*`.
public struct VariablePattern: Equatable, Sendable, CustomStringConvertible {
  /// The pattern as written in the file.
  public let description: String
  private let name: [UInt8]
  private let isPrefix: Bool

  /// Creates a pattern.
  ///
  /// - Returns: `nil` if the text is neither a name nor a prefix followed by a star.
  public init?(_ text: String) {
    isPrefix = text.utf8.last == UInt8(ascii: "*")
    name = isPrefix ? text.utf8.dropLast() : Array(text.utf8)
    guard name.count <= 256, JobRequest.isVariableName(String(decoding: name, as: UTF8.self)) else { return nil }
    description = text
  }

  /// Returns whether a variable with this name matches.
  public func matches(_ variable: String) -> Bool {
    isPrefix ? variable.utf8.starts(with: name) : variable.utf8.elementsEqual(name)
  }
}
