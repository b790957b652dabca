import AgentClient
import AgentProtocol

/// A part of a job's output, as it is.
struct JobOutput: Sendable {
  /// The maximum size of a part in bytes.
  private static let maximum: Int64 = 1 << 20
  /// How long a part is extended by what the job writes; then the page asks for the next one.
  private static let time = Duration.seconds(50)

  private let client: AgentClient
  private let id: JobID
  private let stream: OutputStream
  private let offset: Int64
  private let limit: Int64
  private let follows: Bool
  private let places: Places

  init(_ client: AgentClient, _ id: JobID, _ request: ConsoleRequest, _ places: Places, _ waits: Places) throws {
    self.client = client
    self.id = id
    guard let stream = OutputStream(rawValue: request.query["stream"] ?? "stdout") else {
      throw ConsoleRefusal(.badRequest, "stream: stdout or stderr")
    }
    self.stream = stream
    offset = try request.number("offset", in: 0...Int64.max) ?? 0
    limit = try request.number("limit", in: 1...Self.maximum) ?? Self.maximum
    follows = try request.number("follow", in: 0...1) == 1
    self.places = follows ? waits : places
  }

  var reply: ConsoleReply {
    ConsoleReply(.stream { try await write(to: $0) }, type: "application/octet-stream")
  }

  /// The part is complete.
  private struct Complete: Error {}

  private func write(to writer: @escaping ConsoleReply.Writer) async throws {
    try await places.taken {
      try await withThrowingTaskGroup(of: Void.self) { group in
        if follows {
          group.addTask {
            try await Task.sleep(for: Self.time)
            throw Complete()
          }
        }
        group.addTask { try await read(writer) }
        defer { group.cancelAll() }
        do { try await group.next() } catch is Complete {}
      }
    }
  }

  private func read(_ writer: ConsoleReply.Writer) async throws {
    var room = limit
    try await client.output(of: id, stream, from: offset, follow: follows) { bytes in
      let part = bytes.prefix(Int(room))
      room -= Int64(part.count)
      try await writer(Array(part))
      if room == 0 { throw Complete() }
    }
  }
}
