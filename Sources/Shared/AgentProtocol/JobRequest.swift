import FoundationEssentials

/// A request to run a job: the body of `PUT /v1/jobs/{id}`.
///
/// A value of this type respects all limits: `init(from:)` checks them, on both sides of the link.
public struct JobRequest: Equatable, Sendable {
  /// The program and its arguments, passed to execve(2) without a shell. The program is an absolute path, or a name that is looked up in
  /// the job's PATH. For a script, the interpreter and its arguments.
  public var command: [String] {
    get { givenCommand ?? script.map { ScriptCommand.arguments($0, interpreter) } ?? [] }
    set { (givenCommand, script, interpreter) = (newValue, nil, nil) }
  }
  /// The command as the client gave it; `nil` if it gave a script.
  private(set) var givenCommand: [String]?
  /// The text of a script to execute instead of a command.
  public var script: String?
  /// The absolute path of the script's interpreter; `nil` for the one in the script's first line (`#!`), or else /bin/sh.
  public var interpreter: String?
  /// Whether the user's login shell, which first reads the user's profile, executes the command.
  public var login: Bool
  /// The umask(2), in octal digits; `nil` for the configured one.
  public var umask: String?
  /// The user to run as; `nil` for the configured default.
  public var user: String?
  /// The primary group; `nil` for the user's own.
  public var group: String?
  /// The working directory, absolute; `nil` for the user's home.
  public var directory: String?
  /// Variables added to the clean environment of every job.
  public var environment: [String: String]
  /// What the job reads from descriptor 0, as text. See `input`.
  public var stdin: String?
  /// What the job reads from descriptor 0, in base64 (RFC 4648 section 4), for bytes that are not text; not together with `stdin`.
  public var stdinBase64: String?
  /// Whether standard error is kept apart from standard output; `nil` for `merged`, which is also decoded as `nil`.
  public var stderr: ErrorOutput?
  /// The time limit of the job, in seconds; `nil` for no limit.
  public var timeout: Double?
  /// The time between TERM and KILL when a job is ended, in seconds.
  public var killGrace: Double
  /// Whether processes that exist when the main process has ended keep running; `nil` for no, which is also decoded as `nil`.
  public var leaveProcesses: Bool?
  /// The maximum output on both streams together, in bytes; a job that writes more is killed. `nil` for the configured limit, which a
  /// request cannot exceed.
  public var outputLimit: Int64?
  /// The share of the host's resources that the job may use, enforced by a control group; `nil` for no limit.
  public var limits: ResourceLimits?
  /// The pool that the job runs in; `nil` for the one that the agent's rules choose, if any.
  public var pool: String?
  /// Free text from the client, returned in the status.
  public var labels: [String: String]

  /// The limits of a request.
  public enum Limits {
    /// The maximum number of arguments of a command.
    public static let arguments = 4096
    /// The maximum size of all arguments together, and of all environment variables together, in bytes; below the kernel's own limit.
    public static let commandBytes = 131_072
    /// The maximum size of `input` and of `script`, in bytes. The agent's configuration may set a lower limit.
    public static let inputBytes = 786_432
    /// The maximum length of a path or name, in bytes.
    public static let pathBytes = 4095
    /// The maximum `timeout`, in seconds: about a year.
    public static let timeout = 31_622_400.0
    /// The maximum `kill_grace`, in seconds: an hour.
    public static let killGrace = 3600.0
    /// The maximum number of labels of a job.
    public static let labels = 64
    /// The maximum length of a label's name or value, in bytes.
    public static let labelBytes = 1024
  }

  /// Creates a request for a command, with everything else at its default.
  public init(command: [String]) {
    givenCommand = command
    login = false
    environment = [:]
    killGrace = 10
    labels = [:]
  }

  /// Creates a request for a script, with everything else at its default.
  public init(script: String, interpreter: String? = nil) {
    self.init(command: [])
    givenCommand = nil
    self.script = script
    self.interpreter = interpreter
  }

  /// A warning for the client about a request that is nevertheless carried out.
  public var warning: String? {
    guard let script else { return nil }
    let warnings = [
      ScriptCommand.hasByteOrderMark(script) ? "the script began with a byte order mark; it was removed" : nil,
      ScriptCommand.hasCRLF(script) ? "the script's lines ended in CR LF; they were converted to LF" : nil,
    ].compactMap(\.self)
    return warnings.isEmpty ? nil : warnings.joined(separator: "; ")
  }
}

extension JobRequest: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case givenCommand = "command"
    case script, interpreter, login, umask
    case user, group, directory, environment, stdin
    case stdinBase64 = "stdin_base64"
    case stderr, timeout
    case killGrace = "kill_grace"
    case leaveProcesses = "leave_processes"
    case outputLimit = "output_limit"
    case limits, pool, labels
  }

  /// Decodes and checks a request.
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
    stdinBase64 = try container.decodeIfPresent(String.self, forKey: .stdinBase64)
    stderr = try Self.errorOutput(container)
    timeout = try container.decodeIfPresent(Double.self, forKey: .timeout)
    killGrace = try container.decodeIfPresent(Double.self, forKey: .killGrace) ?? killGrace
    leaveProcesses = try container.decodeIfPresent(Bool.self, forKey: .leaveProcesses) == true ? true : nil
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
    // Compares bytes: to Swift, a slash and a combining mark after it are one character.
    func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }
    func isName(_ text: String) -> Bool { (1...Limits.pathBytes).contains(text.utf8.count) && !text.utf8.contains(0) }

    expect(script == nil || givenCommand == nil, .script, "cannot be combined with command")
    expect(script.map { $0.utf8.count <= Limits.inputBytes } ?? true, .script, "at most \(Limits.inputBytes) bytes")
    expect(
      !(script.map(ScriptCommand.looksLikeUTF16) ?? false), .script, "it is text in UTF-16; save the script as UTF-8")
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
    expect(stdin == nil || stdinBase64 == nil, .stdinBase64, "cannot be combined with stdin")
    let decoded = stdinBase64 == nil ? nil : input
    expect(
      stdinBase64 == nil || decoded != nil, .stdinBase64,
      "base64 in the standard alphabet, with padding and without line ends")
    expect(
      decoded.map { $0.count <= Limits.inputBytes } ?? true, .stdinBase64,
      "at most \(Limits.inputBytes) bytes when decoded")
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

  /// Returns whether `name` can be the name of a pool: 1 to 64 letters, digits, dots, hyphens and underscores.
  public static func isPoolName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && JobID("-\(name)") != nil
  }

  /// Returns whether `name` can be the name of an environment variable: letters, digits and underscores, not beginning with a digit.
  public static func isVariableName(_ name: String) -> Bool {
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

extension JobRequest {
  /// What the job reads from descriptor 0; `nil` for nothing (`/dev/null`).
  ///
  /// Set, it is sent as text if it is UTF-8 without control characters but tabs and line ends: JSON makes six characters of any other one.
  public var input: [UInt8]? {
    get { stdin.map { Array($0.utf8) } ?? stdinBase64.flatMap { Data(base64Encoded: $0) }.map(Array.init) }
    set {
      (stdin, stdinBase64) = (nil, nil)
      guard let newValue else { return }
      if newValue.allSatisfy(Self.isText), let text = String(validating: newValue, as: UTF8.self) {
        stdin = text
      } else {
        stdinBase64 = Data(newValue).base64EncodedString()
      }
    }
  }

  /// Whether the job has an `input`, which is not decoded for this.
  public var hasInput: Bool { stdin != nil || stdinBase64 != nil }

  private static func isText(_ byte: UInt8) -> Bool {
    byte >= 0x20 || [UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains(byte)
  }
}

extension JobRequest {
  /// The request as a canonical byte sequence: JSON without spaces, keys sorted, omitting what is at its default.
  public var canonicalBytes: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // A request that was decoded or built from text can always be encoded.
    return (try? encoder.encode(self)).map(Array.init) ?? []
  }

  /// SHA-256 of `canonicalBytes`.
  public var digest: String { SHA256.hexadecimal(of: canonicalBytes) }

  /// Compares byte by byte: to Swift, é equals e followed by a combining accent, but to a program it does not.
  public static func == (left: JobRequest, right: JobRequest) -> Bool { left.canonicalBytes == right.canonicalBytes }
}
