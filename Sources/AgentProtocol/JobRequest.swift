/// What a client asks to be run: the body of `PUT /v1/jobs/{id}`.
///
/// A value of this type is within all limits: `init(from:)` checks them, on both sides of the link.
public struct JobRequest: Equatable, Sendable {
  /// The program and its arguments as execve(2) gets them; no shell is between. The program is an absolute path, or a name
  /// that is looked up in the job's PATH.
  public var command: [String]
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
  /// Seconds until the job is ended; `nil` for no end.
  public var timeout: Double?
  /// Seconds between TERM and KILL when a job is ended.
  public var killGrace: Double
  /// Free text that the client finds again in the status.
  public var labels: [String: String]

  /// The limits that a request is held to.
  public enum Limits {
    /// Arguments of a command.
    public static let arguments = 4096
    /// Bytes of all arguments together, and of all environment variables together; below the kernel's own limit.
    public static let commandBytes = 131_072
    /// Bytes of `stdin`.
    public static let stdinBytes = 262_144
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
    self.command = command
    environment = [:]
    killGrace = 10
    labels = [:]
  }
}

extension JobRequest: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case command, user, group, directory, environment, stdin, timeout
    case killGrace = "kill_grace"
    case labels
  }

  /// Reads and checks a request.
  ///
  /// - Throws: `DecodingError` with a message for the client's author.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(command: try container.decode([String].self, forKey: .command))
    user = try container.decodeIfPresent(String.self, forKey: .user)
    group = try container.decodeIfPresent(String.self, forKey: .group)
    directory = try container.decodeIfPresent(String.self, forKey: .directory)
    environment = try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
    stdin = try container.decodeIfPresent(String.self, forKey: .stdin)
    timeout = try container.decodeIfPresent(Double.self, forKey: .timeout)
    killGrace = try container.decodeIfPresent(Double.self, forKey: .killGrace) ?? killGrace
    labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
    for (key, fault) in faults() {
      throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: fault)
    }
  }

  private func faults() -> [(CodingKeys, String)] {
    var faults: [(CodingKeys, String)] = []
    func expect(_ holds: Bool, _ key: CodingKeys, _ otherwise: String) {
      if !holds { faults.append((key, otherwise)) }
    }
    func isName(_ text: String) -> Bool { (1...Limits.pathBytes).contains(text.utf8.count) && !text.utf8.contains(0) }

    expect(!command.isEmpty && command.first != "", .command, "needs at least the program")
    expect(command.count <= Limits.arguments, .command, "at most \(Limits.arguments) arguments")
    expect(
      command.reduce(0) { $0 + $1.utf8.count + 1 } <= Limits.commandBytes, .command,
      "at most \(Limits.commandBytes) bytes in all")
    expect(command.allSatisfy { !$0.utf8.contains(0) }, .command, "an argument cannot hold a NUL character")
    expect(user.map(isName) ?? true, .user, "not a user name")
    expect(group.map(isName) ?? true, .group, "not a group name")
    expect(
      directory.map { $0.hasPrefix("/") && isName($0) } ?? true, .directory,
      "an absolute path of at most \(Limits.pathBytes) bytes")
    expect(
      environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 } <= Limits.commandBytes, .environment,
      "at most \(Limits.commandBytes) bytes in all")
    expect(environment.keys.allSatisfy(Self.isVariableName), .environment, "names are letters, digits and underscores")
    expect(environment.values.allSatisfy { !$0.utf8.contains(0) }, .environment, "a value cannot hold a NUL character")
    expect(stdin.map { $0.utf8.count <= Limits.stdinBytes } ?? true, .stdin, "at most \(Limits.stdinBytes) bytes")
    expect(
      timeout.map { $0 > 0 && $0 <= Limits.timeout } ?? true, .timeout,
      "more than 0 and at most \(Int(Limits.timeout)) seconds")
    expect(killGrace >= 0 && killGrace <= Limits.killGrace, .killGrace, "0 to \(Int(Limits.killGrace)) seconds")
    expect(labels.count <= Limits.labels, .labels, "at most \(Limits.labels) labels")
    expect(
      labels.allSatisfy { max($0.key.utf8.count, $0.value.utf8.count) <= Limits.labelBytes }, .labels,
      "at most \(Limits.labelBytes) bytes in a name or value")
    return faults
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
