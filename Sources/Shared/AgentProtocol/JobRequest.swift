/// What a client asks to be run: the body of `PUT /v1/jobs/{id}`.
///
/// A value of this type is within all limits: `init(from:)` checks them, on both sides of the link.
public struct JobRequest: Equatable, Sendable {
  /// The program and its arguments as execve(2) gets them; no shell is between. The program is an absolute path, or a name
  /// that is looked up in the job's PATH. Of a script: its interpreter, with what that is given.
  public var command: [String] {
    get { givenCommand ?? script.map { ScriptCommand.arguments($0, interpreter) } ?? [] }
    set { (givenCommand, script, interpreter) = (newValue, nil, nil) }
  }
  /// The command as the client gave it; `nil` if it gave a script.
  private(set) var givenCommand: [String]?
  /// The text of a script, which is executed in place of a command.
  public var script: String?
  /// The program that reads the script, absolute; `nil` for what the script's first line names (`#!`), else /bin/sh.
  public var interpreter: String?
  /// Whether the command is executed by the user's login shell, which reads the user's profile before.
  public var login: Bool
  /// The umask(2), in octal digits; `nil` for the configured one.
  public var umask: String?
  /// The user to run as; `nil` for the configured default.
  public var user: String?
  /// The primary group; `nil` for the user's own.
  public var group: String?
  /// The working directory, absolute; `nil` for the user's home.
  public var directory: String?
  /// Added to the clean environment that every job gets.
  public var environment: [String: String]
  /// What the job reads from descriptor 0; `nil` for nothing (`/dev/null`).
  public var stdin: String?
  /// Whether what the job writes to descriptor 2 is kept apart from its output; `nil` for `merged`, as which `merged` is read.
  public var stderr: ErrorOutput?
  /// Seconds until the job is ended; `nil` for no end.
  public var timeout: Double?
  /// Seconds between TERM and KILL when a job is ended.
  public var killGrace: Double
  /// The most bytes of output, on both streams together; the job is killed when it writes more. `nil` for the configured limit.
  public var outputLimit: Int64?
  /// What the job may use of the host, held to by a control group; `nil` for all there is.
  public var limits: ResourceLimits?
  /// The pool that it runs in; `nil` for the one that the agent's rules choose, or none.
  public var pool: String?
  /// Free text that the client finds again in the status.
  public var labels: [String: String]

  /// The limits that a request is held to.
  public enum Limits {
    /// Arguments of a command.
    public static let arguments = 4096
    /// Bytes of all arguments together, and of all environment variables together; below the kernel's own limit.
    public static let commandBytes = 131_072
    /// Bytes of `stdin`, and of `script`. An agent may be configured to take less.
    public static let inputBytes = 786_432
    /// Bytes of a path or a name.
    public static let pathBytes = 4095
    /// Seconds of `timeout`: about a year.
    public static let timeout = 31_622_400.0
    /// Seconds of `kill_grace`: an hour.
    public static let killGrace = 3600.0
    /// Labels of a job, and bytes of a label's name or value.
    public static let labels = 64
    /// Bytes of a label's name or value.
    public static let labelBytes = 1024
  }

  /// A request for one command with every other choice left at its default.
  public init(command: [String]) {
    givenCommand = command
    login = false
    environment = [:]
    killGrace = 10
    labels = [:]
  }

  /// A request for a script with every other choice left at its default.
  public init(script: String, interpreter: String? = nil) {
    self.init(command: [])
    givenCommand = nil
    self.script = script
    self.interpreter = interpreter
  }

  /// What whoever submitted it should know although it is carried out.
  public var warning: String? {
    script.map(ScriptCommand.hasCRLF) ?? false ? "the script's lines ended in CR LF; they were converted to LF" : nil
  }
}

extension JobRequest: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case givenCommand = "command"
    case script, interpreter, login, umask
    case user, group, directory, environment, stdin, stderr, timeout
    case killGrace = "kill_grace"
    case outputLimit = "output_limit"
    case limits, pool, labels
  }

  /// Reads and checks a request.
  ///
  /// - Throws: `DecodingError` with a message for the client's author.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(command: [])
    script = try container.decodeIfPresent(String.self, forKey: .script)
    givenCommand =
      script == nil
      ? try container.decode([String].self, forKey: .givenCommand)
      : try container.decodeIfPresent([String].self, forKey: .givenCommand)
    interpreter = try container.decodeIfPresent(String.self, forKey: .interpreter)
    login = try container.decodeIfPresent(Bool.self, forKey: .login) ?? false
    umask = try container.decodeIfPresent(String.self, forKey: .umask)
    user = try container.decodeIfPresent(String.self, forKey: .user)
    group = try container.decodeIfPresent(String.self, forKey: .group)
    directory = try container.decodeIfPresent(String.self, forKey: .directory)
    environment = try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
    stdin = try container.decodeIfPresent(String.self, forKey: .stdin)
    stderr = try Self.errorOutput(container)
    timeout = try container.decodeIfPresent(Double.self, forKey: .timeout)
    killGrace = try container.decodeIfPresent(Double.self, forKey: .killGrace) ?? killGrace
    outputLimit = try container.decodeIfPresent(Int64.self, forKey: .outputLimit)
    limits = try container.decodeIfPresent(ResourceLimits.self, forKey: .limits)
    pool = try container.decodeIfPresent(String.self, forKey: .pool)
    labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
    for (key, fault) in faults() {
      throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: fault)
    }
  }

  private static func errorOutput(_ container: KeyedDecodingContainer<CodingKeys>) throws -> ErrorOutput? {
    guard let text = try container.decodeIfPresent(String.self, forKey: .stderr) else { return nil }
    guard let choice = ErrorOutput(rawValue: text) else {
      throw DecodingError.dataCorruptedError(
        forKey: .stderr, in: container, debugDescription: "\"merged\" or \"separate\"")
    }
    return choice == .merged ? nil : choice
  }

  private func faults() -> [(CodingKeys, String)] {
    var faults: [(CodingKeys, String)] = []
    func expect(_ holds: Bool, _ key: CodingKeys, _ otherwise: String) {
      if !holds { faults.append((key, otherwise)) }
    }
    // By bytes: for Swift a slash and the mark that follows it are one character.
    func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }
    func isName(_ text: String) -> Bool { (1...Limits.pathBytes).contains(text.utf8.count) && !text.utf8.contains(0) }

    expect(script == nil || givenCommand == nil, .script, "cannot be combined with command")
    expect(script.map { $0.utf8.count <= Limits.inputBytes } ?? true, .script, "at most \(Limits.inputBytes) bytes")
    expect(
      script.map { !$0.isEmpty && !$0.utf8.contains(0) } ?? true, .script,
      "must not be empty or contain a NUL character")
    expect(script != nil || interpreter == nil, .interpreter, "needs a script")
    expect(interpreter.map { isAbsolute($0) && isName($0) } ?? true, .interpreter, "the absolute path of a program")
    expect(
      script == nil || (command.count > 1 && isAbsolute(command[0])), .script,
      "its first line must name the interpreter by its absolute path")
    expect(
      umask.map { (3...4).contains($0.utf8.count) && UInt16($0, radix: 8).map { $0 <= 0o777 } ?? false } ?? true,
      .umask,
      "three octal digits, such as \"027\"")
    expect(!command.isEmpty && command.first != "", .givenCommand, "must name at least the program")
    expect(command.count <= Limits.arguments, .givenCommand, "at most \(Limits.arguments) arguments")
    expect(
      command.reduce(0) { $0 + $1.utf8.count + 1 } <= Limits.commandBytes, .givenCommand,
      "at most \(Limits.commandBytes) bytes in total")
    expect(command.allSatisfy { !$0.utf8.contains(0) }, .givenCommand, "an argument cannot contain a NUL character")
    expect(user.map(isName) ?? true, .user, "not a user name")
    expect(group.map(isName) ?? true, .group, "not a group name")
    expect(
      directory.map { isAbsolute($0) && isName($0) } ?? true, .directory,
      "an absolute path of at most \(Limits.pathBytes) bytes")
    expect(
      environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 } <= Limits.commandBytes, .environment,
      "at most \(Limits.commandBytes) bytes in total")
    expect(
      environment.keys.allSatisfy(Self.isVariableName), .environment, "names consist of letters, digits and underscores"
    )
    expect(
      environment.values.allSatisfy { !$0.utf8.contains(0) }, .environment, "a value cannot contain a NUL character")
    expect(stdin.map { $0.utf8.count <= Limits.inputBytes } ?? true, .stdin, "at most \(Limits.inputBytes) bytes")
    expect(
      timeout.map { $0 > 0 && $0 <= Limits.timeout } ?? true, .timeout,
      "more than 0 and at most \(Int(Limits.timeout)) seconds")
    expect(killGrace >= 0 && killGrace <= Limits.killGrace, .killGrace, "0 to \(Int(Limits.killGrace)) seconds")
    expect(outputLimit.map { $0 >= 0 } ?? true, .outputLimit, "0 bytes or more")
    expect(pool.map(Self.isPoolName) ?? true, .pool, "not a pool name")
    expect(labels.count <= Limits.labels, .labels, "at most \(Limits.labels) labels")
    expect(
      labels.allSatisfy { max($0.key.utf8.count, $0.value.utf8.count) <= Limits.labelBytes }, .labels,
      "at most \(Limits.labelBytes) bytes in a name or value")
    return faults
  }

  /// Whether it can be the name of a pool: 1 to 64 letters, digits, dots, hyphens and underscores.
  public static func isPoolName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && JobID("-\(name)") != nil
  }

  private static func isVariableName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}
