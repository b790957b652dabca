import AgentClient
import AgentProtocol
import ArgumentParser
import Glibc
import Values
import Wording

/// The options that describe a job.
struct JobOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The job's id; default: a new one.", valueName: "id")) var id: String?
  @Option(help: "The user to run as.") var user: String?
  @Option(help: "The primary group.") var group: String?
  @Option(help: ArgumentHelp("The working directory.", valueName: "path")) var directory: String?
  @Option(help: ArgumentHelp("An environment variable; may be repeated.", valueName: "name=value")) var env: [String] =
    []
  @Option(help: ArgumentHelp("A label; may be repeated.", valueName: "name=value")) var label: [String] = []
  @Option(help: ArgumentHelp("End the job after this time, as in 90s or 2h.", valueName: "time")) var timeout: TimeSpan?
  @Option(help: ArgumentHelp("Time between TERM and KILL.", valueName: "time")) var killGrace: TimeSpan?
  @Flag(help: "Let processes that the job leaves keep running.") var leaveProcesses = false
  @Option(help: ArgumentHelp("Maximum bytes of output, errors included.", valueName: "bytes")) var outputLimit: Int64?
  @Flag(help: "Keep standard error separate from the output.") var separateStderr = false
  @Option(help: ArgumentHelp("What the job reads; - waits for standard input.", valueName: "file"), completion: .file())
  var stdin: String?
  @Flag(name: [.customShort("n"), .long], help: "Do not pass on standard input.") var noStdin = false
  @Option(help: ArgumentHelp("Run this file's text, without a program.", valueName: "file"), completion: .file())
  var script: String?
  @Flag(help: "Read the user's profile first.") var login = false
  @Option(help: ArgumentHelp("The umask, such as 027.", valueName: "octal")) var umask: String?
  @Option(help: ArgumentHelp("The agent's pool to run in.", valueName: "pool")) var pool: String?
  @Option(help: ArgumentHelp("As in cpu=0.5,memory=512M,tasks=100.", valueName: "limits")) var limits: JobLimits?
  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("The program and its arguments, after --.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    guard command.isEmpty == (script != nil) else {
      throw ValidationError(
        script == nil
          ? "the command is missing: agentctl ... -- PROGRAM ARGUMENTS" : "--script cannot be combined with a command")
    }
    if script == "-", stdin == "-" { throw ValidationError("--script - and --stdin - cannot both read standard input") }
    if let id, JobID(id) == nil {
      throw ValidationError("--id: 1 to 128 of A-Z a-z 0-9 . _ -, not beginning with a dot")
    }
    if noStdin, stdin != nil { throw ValidationError("-n cannot be combined with --stdin") }
    _ = try Self.pairs(env, "--env")
    _ = try Self.pairs(label, "--label")
  }

  /// Returns the given ID, or a new unique one.
  func jobID() -> JobID {
    // Short, because people read it in tables.
    let (second, random) = (String(Int(time(nil)), radix: 36), String(UInt64.random(in: 0..<(1 << 48)), radix: 36))
    return id.flatMap { JobID($0) } ?? JobID("run-\(second)-\(random)")!
  }

  /// Returns the request for these options, after reading what the job is to read; the agent checks its limits.
  func request() throws -> JobRequest {
    var request = try script.map { JobRequest(script: try Self.text(of: $0)) } ?? JobRequest(command: command)
    request.login = login
    request.umask = umask
    request.pool = pool
    request.limits = limits?.limits
    request.user = user
    request.group = group
    request.directory = directory
    request.environment = try Self.pairs(env, "--env")
    request.labels = try Self.pairs(label, "--label")
    request.timeout = timeout?.seconds
    if let killGrace { request.killGrace = killGrace.seconds }
    request.leaveProcesses = leaveProcesses ? true : nil
    request.outputLimit = outputLimit
    request.stderr = separateStderr ? .separate : nil
    let input = noStdin || script == "-" ? nil : try stdin.map(StandardInput.read) ?? StandardInput.piped()
    request.input = input.flatMap { $0.isEmpty ? nil : $0 }
    return request
  }

  private static func pairs(_ texts: [String], _ option: String) throws -> [String: String] {
    let pairs = try texts.map { text in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw ValidationError("\(option) \(printable(text)): NAME=VALUE")
      }
      return (parts[0], parts[1])
    }
    return Dictionary(pairs) { $1 }
  }

  private static func text(of path: String) throws -> String {
    if let text = String(validating: try StandardInput.read(path), as: UTF8.self) { return text }
    throw AgentError.unusable("\(path): a script must be UTF-8")
  }
}

/// Limits on all processes of a job together: `cpu=0.5,memory=512M,tasks=100`.
struct JobLimits: ExpressibleByArgument {
  let limits: ResourceLimits

  init?(argument: String) {
    var limits = ResourceLimits()
    for part in argument.parts(at: ",") {
      let pair = part.parts(at: "=", most: 1)
      guard pair.count == 2 else { return nil }
      switch pair[0] {
      case "cpu": limits.cpu = Double(pair[1])
      case "memory": limits.memory = Self.bytes(pair[1])
      case "tasks": limits.tasks = Int64(pair[1])
      default: return nil
      }
    }
    guard limits.cpu.map(ResourceLimits.Range.cpu.contains) ?? true,
      limits.memory.map(ResourceLimits.Range.memory.contains) ?? true,
      limits.tasks.map(ResourceLimits.Range.tasks.contains) ?? true,
      argument.parts(at: ",").count
        == [limits.cpu != nil, limits.memory != nil, limits.tasks != nil].count(where: \.self)
    else { return nil }
    self.limits = limits
  }

  /// Returns a number of bytes, with K, M, G or T for powers of 1024.
  private static func bytes(_ text: String) -> Int64? {
    let units = [UInt8(ascii: "K"): 10, UInt8(ascii: "M"): 20, UInt8(ascii: "G"): 30, UInt8(ascii: "T"): 40]
    guard let last = text.utf8.last, let shift = units[last & ~0x20] else { return Int64(text) }
    guard let number = Int64(String(decoding: text.utf8.dropLast(), as: UTF8.self)) else { return nil }
    let (product, overflows) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflows ? nil : product
  }
}
