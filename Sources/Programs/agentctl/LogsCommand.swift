import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import Console
import SchedulerRegistry
import Synchronization

/// Prints a job's output.
struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print a job's output as it is.",
    usage: "agentctl logs [options] AGENT ID\nagentctl logs [options] -a 'web*' ID",
    discussion: "What was kept separate goes to standard error. With -a each line begins with the agent's name.")

  @Argument(
    help: ArgumentHelp("The agent, unless -a is given; and the job's id.", valueName: "agent"),
    completion: JobNames.afterAgent)
  var names: [String]
  @OptionGroup var fleet: FleetOptions
  @OptionGroup var access: AccessOptions
  @Flag(name: .shortAndLong, help: "Keep printing until the job ends.") var follow = false
  @Option(help: ArgumentHelp("Only the last lines.", valueName: "lines")) var tail: Int?
  @Flag(help: "Print only its standard error, if kept separate.") var stderr = false
  @Option(help: ArgumentHelp("Bytes to skip at the beginning.", valueName: "bytes")) var offset: Int64?

  private var agent: String? { fleet.patterns.isEmpty ? names[0] : nil }
  private var id: String { names[names.count - 1] }

  /// Where a stream is printed: what was asked for by name is the output of this command.
  private func place(of stream: OutputStream) -> OutputStream { stderr ? .stdout : stream }

  func validate() throws {
    guard names.count == (fleet.patterns.isEmpty ? 2 : 1) else {
      throw ValidationError("name an agent and a job: agentctl logs AGENT ID, or agentctl logs -a PATTERN ID")
    }
    try fleet.validate(agent, access)
    _ = try JobArgument.checked(id)
    if tail != nil, offset != nil { throw ValidationError("--tail cannot be combined with --offset") }
    if let tail, !(0...1_000_000_000).contains(tail) { throw ValidationError("--tail: 0 to 1000000000 lines") }
    if let offset, offset < 0 { throw ValidationError("--offset: 0 bytes or more") }
  }

  func run() async throws {
    let job = try JobArgument.checked(id)
    try await told {
      if let agent {
        return try await print(job, of: access.client(of: agent)) { try write($1, as: place(of: $0)) }
      }
      try await ofMany(job, access.identity.inventory())
    }
  }

  private func ofMany(_ job: JobID, _ inventory: AgentInventory) async throws {
    let printing = Mutex(())
    let failures = try await fleet.ask(inventory, follow ? access.patience.limits : access.patience.limitsForMany) {
      agent in
      let lines = SplitStreams()
      @Sendable func show(_ complete: [[UInt8]], _ stream: OutputStream) throws {
        let bytes = prefixed(complete, by: agent.address.name)
        if !bytes.isEmpty { try printing.withLock { _ in try write(bytes, as: place(of: stream)) } }
      }
      try await print(job, of: agent) { try show(lines.take($1, of: $0), $0) }
      for stream in OutputStream.allCases { try show(lines.rest(of: stream), stream) }
    } answered: { _, _ in
    }
    if failures > 0 { throw ExitCode(ExitStatus.unavailable.rawValue) }
  }

  private func print(
    _ job: JobID, of agent: AgentClient, _ take: @escaping @Sendable (OutputStream, [UInt8]) throws -> Void
  ) async throws {
    let status = try await agent.job(job)
    var streams: [OutputStream] = stderr ? [.stderr] : [.stdout]
    if !stderr, offset == nil, status.stderrBytes != nil { streams.append(.stderr) }
    guard let tail else {
      return try await agent.output(of: job, streams, from: offset ?? 0, follow: follow, to: take)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for stream in streams {
        group.addTask {
          let size = (stream == .stdout ? status.outputBytes : status.stderrBytes) ?? 0
          let (bytes, end) = try await agent.tail(of: job, stream, lines: tail, size: size)
          if !bytes.isEmpty { try take(stream, bytes) }
          if follow { try await agent.output(of: job, stream, from: end, follow: true) { try take(stream, $0) } }
        }
      }
      try await group.waitForAll()
    }
  }
}

extension AgentClient {
  /// Returns the last lines of the first `size` bytes of a stream and of what has been added since, and the offset of their end.
  fileprivate func tail(
    of job: JobID, _ stream: OutputStream, lines: Int, size: Int64
  ) async throws -> (bytes: [UInt8], end: Int64) {
    var length: Int64 = 65536
    while true {
      let start = max(0, size - length)
      let part = Mutex<[UInt8]>([])
      let end = try await output(of: job, stream, from: start) { bytes in part.withLock { $0 += bytes } }
      let bytes = part.withLock { $0 }
      if let tail = Self.last(lines, of: bytes) { return (tail, end) }
      if start == 0 { return (bytes, end) }
      length *= 4
    }
  }

  /// Returns the last lines; nil if there are not that many.
  private static func last(_ lines: Int, of bytes: [UInt8]) -> [UInt8]? {
    if lines == 0 { return [] }
    var found = 0
    // A line end at the very end ends the last line.
    for index in bytes.indices.dropLast().reversed() where bytes[index] == UInt8(ascii: "\n") {
      found += 1
      if found == lines { return Array(bytes[(index + 1)...]) }
    }
    return nil
  }
}
