import Glibc

/// Everything that a shepherd needs to run a job. It contains only numbers and bytes: a static program cannot look up names.
public struct Order: Equatable, Sendable {
  /// The job's id, for the shepherd's title in ps(1).
  public var id: String
  /// The program and its arguments. A program without a slash is looked up in the `PATH` of `environment`.
  public var arguments: [[UInt8]]
  /// The complete environment of the job, each entry as `NAME=value`.
  public var environment: [[UInt8]]
  /// The absolute path of the working directory.
  public var directory: [UInt8]
  /// Whether the job starts in `/` if `directory` cannot be entered, as login(1) does if the home is missing.
  public var mayStartInRoot = false
  /// The user and groups that the job runs as; `nil` keeps those of the shepherd.
  public var identity: Identity?
  /// The time limit of the job, in milliseconds; `nil` for no limit.
  public var timeout: UInt64?
  /// The time between TERM and KILL when the job is ended, in milliseconds.
  public var killGrace: UInt64
  /// The maximum size of both output streams together, in bytes; `nil` for no limit.
  public var outputLimit: UInt64?
  /// Whether the file `stdin` in the job's folder is the job's standard input.
  public var hasInput: Bool
  /// Whether the job has a script to read from descriptor `scriptDescriptor`.
  public var hasScript = false
  /// Whether the script is open as `ShepherdContract.Descriptor.script`; otherwise it is the file `script` in the job's folder.
  public var scriptIsOpen = false
  /// Whether the job's standard error goes to `ShepherdContract.Descriptor.errors`.
  public var separatesErrors = false
  /// Whether processes that exist after the end of the main process may keep running.
  public var leavesProcesses = false
  /// Whether the shepherd reports the end on `ShepherdContract.Descriptor.report`.
  public var reportsEnd = false
  /// The absolute path of the folder of the job's control group, which is open as `ShepherdContract.Descriptor.controlGroup`; `nil` for a
  /// job without one.
  public var controlGroup: [UInt8]?
  /// The memory limit of the control group in bytes, to explain the end of the job; `nil` for no limit.
  public var memoryLimit: UInt64?
  /// The job's umask(2).
  public var umask: mode_t = 0o022
  /// The limits to set with setrlimit(2); all others are inherited.
  public var resourceLimits: [ResourceLimit] = []

  /// The descriptor on which the job has the script open.
  public static let scriptDescriptor: Int32 = 3

  /// A limit of setrlimit(2).
  public struct ResourceLimit: Equatable, Sendable {
    /// The resource, such as `RLIMIT_NOFILE`.
    public var resource: UInt32
    /// The soft limit; `UInt64.max` for none.
    public var soft: UInt64
    /// The hard limit, up to which the job may raise the soft one; `UInt64.max` for none.
    public var hard: UInt64

    public init(resource: UInt32, soft: UInt64, hard: UInt64) {
      self.resource = resource
      self.soft = soft
      self.hard = hard
    }
  }

  /// The numeric IDs of a user and its groups.
  public struct Identity: Equatable, Sendable {
    /// The user.
    public var user: uid_t
    /// The primary group.
    public var group: gid_t
    /// The supplementary groups.
    public var groups: [gid_t]

    public init(user: uid_t, group: gid_t, groups: [gid_t]) {
      self.user = user
      self.group = group
      self.groups = groups
    }
  }

  /// Creates an order without timeout, input or change of identity.
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
  /// The maximum size of an order, in bytes.
  public static let maximumBytes = 1 << 20

  /// Returns the order as it is passed to the shepherd.
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
    writer.append(optional: outputLimit) { $0.append($1) }
    writer.append(hasInput)
    writer.append(hasScript)
    writer.append(optional: controlGroup) { $0.append($1) }
    writer.append(optional: memoryLimit) { $0.append($1) }
    writer.append(umask)
    writer.append(list: resourceLimits) { writer, limit in
      writer.append(limit.resource)
      writer.append(limit.soft)
      writer.append(limit.hard)
    }
    writer.append(separatesErrors)
    writer.append(reportsEnd)
    writer.append(scriptIsOpen)
    writer.append(leavesProcesses)
    return try writer.finished(limit: Self.maximumBytes)
  }

  /// Decodes an order strictly: no string that becomes a C string contains NUL.
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
    outputLimit = try reader.optional("output") { (reader) throws(ContractError) in try reader.number(UInt64.self) }
    hasInput = try reader.flag("input")
    if reader.version >= 3 { try readSurroundings(&reader) }
    if reader.version >= 4 {
      separatesErrors = try reader.flag("errors")
      reportsEnd = try reader.flag("report")
    }
    if reader.version >= 5 { scriptIsOpen = try reader.flag("script") }
    if reader.version >= 6 { leavesProcesses = try reader.flag("leave") }
    try reader.finish()
    guard arguments.first?.isEmpty == false else { throw .invalid("arguments") }
    guard directory.first == UInt8(ascii: "/") else { throw .invalid("directory") }
    guard (outputLimit ?? 0) <= UInt64(Int64.max) else { throw .invalid("output") }
    guard max(timeout ?? 0, killGrace) <= Self.maximumMilliseconds else { throw .invalid("timeout") }
  }

  /// Reads the fields that version 3 added.
  private mutating func readSurroundings(_ reader: inout RecordReader) throws(ContractError) {
    hasScript = try reader.flag("script")
    controlGroup = try reader.optional("control group") { (reader) throws(ContractError) in
      try reader.cString("control group")
    }
    memoryLimit = try reader.optional("memory") { (reader) throws(ContractError) in try reader.number(UInt64.self) }
    umask = try reader.number(mode_t.self)
    resourceLimits = try reader.list(smallest: 20) { (reader) throws(ContractError) in
      ResourceLimit(
        resource: try reader.number(UInt32.self), soft: try reader.number(UInt64.self),
        hard: try reader.number(UInt64.self))
    }
    guard controlGroup.map({ $0.first == UInt8(ascii: "/") }) ?? true else { throw .invalid("control group") }
    guard umask <= 0o777 else { throw .invalid("umask") }
    guard resourceLimits.allSatisfy({ $0.resource < 16 && $0.soft <= $0.hard }) else { throw .invalid("limits") }
  }

  /// The maximum timeout and grace: 10 years, so that no sum of times overflows.
  static let maximumMilliseconds: UInt64 = 315_576_000_000
}

extension Order.Identity {
  fileprivate init(_ reader: inout RecordReader) throws(ContractError) {
    user = try reader.number(uid_t.self)
    group = try reader.number(gid_t.self)
    groups = try reader.list(smallest: 4) { (reader) throws(ContractError) in try reader.number(gid_t.self) }
    // -1 means "unchanged" to setresuid(2) and related calls.
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
