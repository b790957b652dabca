import Glibc

/// All that a shepherd has to know to run a job. It is in numbers and bytes: a static program cannot look up names.
public struct Order: Equatable, Sendable {
  /// The job's id: for the shepherd's title in ps.
  public var id: String
  /// The program and its arguments. A program without a slash is looked up in the `PATH` of `environment`.
  public var arguments: [[UInt8]]
  /// The whole environment of the job, each as `NAME=value`.
  public var environment: [[UInt8]]
  /// The working directory, absolute.
  public var directory: [UInt8]
  /// Whether the job starts in `/` when `directory` cannot be entered, as login(1) does with a missing home.
  public var mayStartInRoot = false
  /// Who the job runs as; `nil` leaves the identity of the shepherd.
  public var identity: Identity?
  /// Milliseconds until the job is ended; `nil` for no end.
  public var timeout: UInt64?
  /// Milliseconds between TERM and KILL when the job is ended.
  public var killGrace: UInt64
  /// Whether the file `stdin` in the job's folder is the job's standard input.
  public var hasInput: Bool

  /// Numbers of a user and its groups.
  public struct Identity: Equatable, Sendable {
    /// The user.
    public var user: uid_t
    /// The primary group.
    public var group: gid_t
    /// The supplementary groups.
    public var groups: [gid_t]

    /// An identity of these numbers.
    public init(user: uid_t, group: gid_t, groups: [gid_t]) {
      self.user = user
      self.group = group
      self.groups = groups
    }
  }

  /// An order of these parts, without timeout, input or change of identity.
  public init(
    id: String, arguments: [[UInt8]], environment: [[UInt8]], directory: [UInt8], killGrace: UInt64
  ) {
    self.id = id
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.killGrace = killGrace
    hasInput = false
  }
}

extension Order {
  /// The most bytes of an order.
  public static let maximumBytes = 1 << 20

  /// The order as it is handed over.
  ///
  /// - Throws: `ContractError.tooLarge`.
  public func encoded() throws(ContractError) -> [UInt8] {
    var writer = RecordWriter(.order)
    writer.append(Array(id.utf8))
    writer.append(list: arguments) { $0.append($1) }
    writer.append(list: environment) { $0.append($1) }
    writer.append(directory)
    writer.append(mayStartInRoot)
    writer.append(optional: identity) { writer, identity in
      writer.append(identity.user)
      writer.append(identity.group)
      writer.append(list: identity.groups) { $0.append($1) }
    }
    writer.append(optional: timeout) { $0.append($1) }
    writer.append(killGrace)
    writer.append(hasInput)
    return try writer.finished(limit: Self.maximumBytes)
  }

  /// Reads an order, strictly: every string that becomes a C string is free of NUL.
  public init(decoding bytes: [UInt8]) throws(ContractError) {
    var reader = try RecordReader(.order, bytes, limit: Self.maximumBytes)
    guard let id = String(validating: try reader.cString("id"), as: UTF8.self) else { throw .invalid("id") }
    let arguments = try reader.list(smallest: 4) { (reader) throws(ContractError) in try reader.cString("arguments") }
    let environment = try reader.list(smallest: 4) { (reader) throws(ContractError) in
      try reader.cString("environment")
    }
    let directory = try reader.cString("directory")
    let mayStartInRoot = try reader.flag("directory")
    let identity = try reader.optional("identity") { (reader) throws(ContractError) in try Identity(&reader) }
    let timeout = try reader.optional("timeout") { (reader) throws(ContractError) in try reader.number(UInt64.self) }
    self.init(
      id: id, arguments: arguments, environment: environment, directory: directory,
      killGrace: try reader.number(UInt64.self))
    self.mayStartInRoot = mayStartInRoot
    self.identity = identity
    self.timeout = timeout
    hasInput = try reader.flag("input")
    try reader.finish()
    guard arguments.first?.isEmpty == false else { throw .invalid("arguments") }
    guard directory.first == UInt8(ascii: "/") else { throw .invalid("directory") }
    guard max(timeout ?? 0, killGrace) <= Self.maximumMilliseconds else { throw .invalid("timeout") }
  }

  /// The longest timeout and grace: 10 years, so that no sum of moments overflows.
  static let maximumMilliseconds: UInt64 = 315_576_000_000
}

extension Order.Identity {
  fileprivate init(_ reader: inout RecordReader) throws(ContractError) {
    user = try reader.number(uid_t.self)
    group = try reader.number(gid_t.self)
    groups = try reader.list(smallest: 4) { (reader) throws(ContractError) in try reader.number(gid_t.self) }
    // -1 means "leave as it is" to setresuid(2) and its like.
    guard user != uid_t.max, group != gid_t.max, !groups.contains(gid_t.max) else { throw .invalid("identity") }
  }
}

extension RecordReader {
  fileprivate mutating func cString(_ field: String) throws(ContractError) -> [UInt8] {
    let string = try string()
    if string.contains(0) { throw .invalid(field) }
    return string
  }
}
