import AgentClient
import AgentInventory
import AgentProtocol

/// What happens while `agentctl top` runs.
enum TopEvent: Sendable {
  case pressed(TopTerminal.Key)
  case resized
  case tick
  case state(String, AgentState)
  case jobs(agent: String, [JobStatus])
  case output(JobID, [String])
  case message(String)
}

/// Reads what one page of `agentctl top` shows, until its task is cancelled.
struct TopReading: Sendable {
  private let agent: String
  private let client: AgentClient
  private let sink: AsyncStream<TopEvent>.Continuation

  /// The number of jobs that are shown.
  private static let mostJobs = 200
  /// The bytes of output before the present that are shown.
  private static let beginning: Int64 = 256 << 10
  /// The longest line that is shown.
  private static let longestLine = 1000

  init(_ agent: String, _ client: AgentClient, _ sink: AsyncStream<TopEvent>.Continuation) {
    (self.agent, self.client, self.sink) = (agent, client, sink)
  }

  /// Lists the agent's jobs every other second.
  func jobs() async {
    var filter = JobFilter()
    filter.limit = Self.mostJobs
    while !Task.isCancelled {
      do { sink.yield(.jobs(agent: agent, try await client.jobs(filter).jobs)) } catch is CancellationError {
      } catch { sink.yield(.message("\(agent): \(error)")) }
      try? await Task.sleep(for: .seconds(2))
    }
  }

  /// Follows a job's output, both streams in one if they are separate.
  func output(of id: JobID) async {
    do {
      let status = try await client.job(id)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (stream, size) in [(OutputStream.stdout, status.outputBytes ?? 0), (.stderr, status.stderrBytes)] {
          guard let size else { continue }
          group.addTask { try await follow(id, stream, from: max(0, size - Self.beginning)) }
        }
        try await group.waitForAll()
      }
    } catch is CancellationError {
    } catch { sink.yield(.message("\(agent): \(error)")) }
  }

  private func follow(_ id: JobID, _ stream: OutputStream, from offset: Int64) async throws {
    let lines = SplitStreams()
    try await client.output(of: id, stream, from: offset, follow: true) { bytes in
      sink.yield(.output(id, lines.take(bytes, of: stream).map(Self.text)))
    }
    sink.yield(.output(id, lines.rest(of: stream).map(Self.text)))
  }

  /// Returns a line for the screen: with spaces for tabs, and without what is wider than any window.
  private static func text(_ line: [UInt8]) -> String {
    var shown: [UInt8] = []
    for byte in line.prefix(longestLine) where byte != UInt8(ascii: "\r") {
      if byte != UInt8(ascii: "\t") {
        shown.append(byte)
      } else {
        shown += [UInt8](repeating: UInt8(ascii: " "), count: 8 - shown.count % 8)
      }
    }
    return String(decoding: shown, as: UTF8.self)
  }
}
