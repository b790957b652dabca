import AgentClient
import AgentProtocol
import ArgumentParser
import Glibc
import SystemCalls
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
  @Option(help: ArgumentHelp("End the job after this time.", valueName: "seconds")) var timeout: Double?
  @Option(help: ArgumentHelp("Time between TERM and KILL.", valueName: "seconds")) var killGrace: Double?
  @Flag(help: "Let processes that the job leaves keep running.") var leaveProcesses = false
  @Option(help: ArgumentHelp("Maximum bytes of output, errors included.", valueName: "bytes")) var outputLimit: Int64?
  @Flag(help: "Keep standard error separate from the output.") var separateStderr = false
  @Option(help: ArgumentHelp("What the job reads; - is standard input.", valueName: "file")) var stdin: String?
  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("The program and its arguments, after --.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    guard !command.isEmpty else { throw ValidationError("the command is missing: agentctl ... -- PROGRAM ARGUMENTS") }
    if let id, JobID(id) == nil {
      throw ValidationError("--id: 1 to 128 of A-Z a-z 0-9 . _ -, not beginning with a dot")
    }
    _ = try Self.pairs(env, "--env")
    _ = try Self.pairs(label, "--label")
  }

  /// Returns the given ID, or a new unique one.
  func jobID() -> JobID {
    let random = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return id.flatMap { JobID($0) } ?? JobID("run-\(Int(time(nil)))-\(random)")!
  }

  /// Returns the request for these options; the agent checks its limits.
  func request() throws -> JobRequest {
    var request = JobRequest(command: command)
    request.user = user
    request.group = group
    request.directory = directory
    request.environment = try Self.pairs(env, "--env")
    request.labels = try Self.pairs(label, "--label")
    request.timeout = timeout
    if let killGrace { request.killGrace = killGrace }
    request.leaveProcesses = leaveProcesses ? true : nil
    request.outputLimit = outputLimit
    request.stderr = separateStderr ? .separate : nil
    request.stdin = try stdin.map(Self.text)
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
    let limit = JobRequest.Limits.inputBytes
    do {
      let file = path == "-" ? FileDescriptor(owning: STDIN_FILENO) : try FileDescriptor.open(path, O_RDONLY)
      guard let text = String(validating: try file.readAll(limit: limit, path), as: UTF8.self) else {
        throw AgentError.unusable("\(path): not UTF-8")
      }
      return text
    } catch let error as SystemError {
      throw AgentError.unusable("\(error) (at most \(limit) bytes are sent)")
    }
  }
}
