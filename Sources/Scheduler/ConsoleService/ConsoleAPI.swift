import AgentClient
import AgentProtocol
import ConsolePage
import NIOHTTP1
import SchedulerRegistry
import Values
import Wording

/// What the page can ask for.
struct ConsoleAPI: Sendable {
  /// The maximum time that a request waits for a change, in seconds: then the page asks again.
  static let longestWait = 25.0

  let fleet: FleetWatch
  let home: String
  let isReadOnly: Bool
  /// The requests to agents at once. Those that wait for a change have places of their own, so that they delay no other.
  private let places = Places(32, waiting: 128)
  private let waits = Places(64, waiting: 0)

  /// Answers a request whose sender is admitted.
  func answer(_ request: ConsoleRequest) async -> ConsoleReply {
    do {
      guard request.path.first?.isSame(as: "api") ?? false else { return try page(request) }
      return request.method == .POST ? try await change(request) : try await facts(request)
    } catch {
      return Self.refusal(for: error)
    }
  }

  static func refusal(for error: any Error) -> ConsoleReply {
    switch error {
    case let refusal as ConsoleRefusal: ConsoleReply(refusal.status, refusal.reason)
    case AgentError.problem(let problem): ConsoleReply(.init(statusCode: problem.kind.status), problem.detail)
    case let error as AgentError: ConsoleReply(.badGateway, "\(error)")
    default: ConsoleReply(.internalServerError, "\(error)")
    }
  }

  private func page(_ request: ConsoleRequest) throws -> ConsoleReply {
    guard request.method == .GET else { throw ConsoleRefusal(.methodNotAllowed, "only GET") }
    guard request.path.count < 2, let file = ConsolePage.file("/\(request.path.first ?? "")") else {
      throw ConsoleRefusal(.notFound, "there is no such page")
    }
    return ConsoleReply(.whole(file.bytes), type: file.type)
  }

  private func change(_ request: ConsoleRequest) async throws -> ConsoleReply {
    if isReadOnly { throw ConsoleRefusal(.forbidden, "this console is read-only") }
    let path = request.path
    guard path.count == 4 || path.count == 6, path[1].isSame(as: "agents") else { throw Self.unknown }
    let name = path[2]
    switch (path[3], path.count) {
    case ("enable", 4), ("disable", 4):
      try await fleet.setEnabled(path[3] == "enable", name)
      return try ConsoleReply(json: await fleet.agent(name).agent)
    case ("jobs", 6) where path[5].isSame(as: "cancel"):
      let id = try Self.job(path[4])
      let client = try await fleet.client(name)
      let job = try await places.taken { try await client.cancel(id) }
      await fleet.ask(again: name)
      return Self.reply(job)
    default: throw Self.unknown
    }
  }

  private func facts(_ request: ConsoleRequest) async throws -> ConsoleReply {
    guard request.method == .GET else { throw ConsoleRefusal(.methodNotAllowed, "only GET and POST") }
    let path = request.path
    switch (path.count > 1 ? path[1] : "", path.count) {
    case ("console", 2): return try ConsoleReply(json: Facts(home: home, readOnly: isReadOnly, version: agentdVersion))
    case ("agents", 2):
      let known = try request.number("after", in: 0...Int64.max) ?? 0
      let wait = try request.wait
      return try await waits.taken { try ConsoleReply(json: await fleet.changes(after: UInt64(known), wait: wait)) }
    case ("jobs", 2): return try FleetJobs(fleet, places, request).reply
    case ("agents", 3):
      let found = try await fleet.agent(path[2])
      return try ConsoleReply(json: AgentFacts(agent: found.agent, load: found.load))
    case ("agents", 4) where path[3].isSame(as: "metrics"):
      let client = try await fleet.client(path[2])
      let text = try await places.taken { try await client.metrics() }
      return ConsoleReply(.whole(Array(text.utf8)), type: "text/plain; charset=utf-8")
    case ("agents", 5) where path[3].isSame(as: "jobs"):
      let (id, client, wait) = (try Self.job(path[4]), try await fleet.client(path[2]), try request.wait)
      return Self.reply(try await (wait > 0 ? waits : places).taken { try await client.job(id, wait: wait) })
    case ("agents", 6) where path[3].isSame(as: "jobs") && path[5].isSame(as: "output"):
      return try JobOutput(await fleet.client(path[2]), Self.job(path[4]), request, places, waits).reply
    default: throw Self.unknown
    }
  }

  private static let unknown = ConsoleRefusal(.notFound, "there is no such resource")

  private static func job(_ text: String) throws -> JobID {
    guard let id = JobID(text) else { throw ConsoleRefusal(.badRequest, "\(text) is not a job's id") }
    return id
  }

  private static func reply(_ job: JobStatus) -> ConsoleReply {
    ConsoleReply(.whole(Array(job.json.utf8)), type: "application/json")
  }

  init(_ fleet: FleetWatch, home: String, isReadOnly: Bool) {
    self.fleet = fleet
    self.home = home
    self.isReadOnly = isReadOnly
  }

  private struct Facts: Encodable {
    let home: String
    let readOnly: Bool
    let version: String

    enum CodingKeys: String, CodingKey {
      case home, version
      case readOnly = "read_only"
    }
  }

  private struct AgentFacts: Encodable {
    let agent: FleetAgent
    let load: [LoadSample]
  }
}

extension ConsoleRequest {
  /// Returns a parameter that is a number; nil if it is not given.
  ///
  /// - Throws: `ConsoleRefusal` for any other value.
  func number(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
    guard let text = query[name] else { return nil }
    guard let number = Int64(text), range.contains(number) else {
      throw ConsoleRefusal(.badRequest, "\(name): a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Returns a parameter that is a time; nil if it is not given.
  ///
  /// - Throws: `ConsoleRefusal` for any other value.
  func time(_ name: String) throws -> Timestamp? {
    guard let text = query[name] else { return nil }
    guard let time = Timestamp(text) else { throw ConsoleRefusal(.badRequest, "\(name): not a time") }
    return time
  }

  /// How long to wait for a change, in seconds.
  var wait: Double {
    get throws { Double(try number("wait", in: 0...Int64(ConsoleAPI.longestWait)) ?? 0) }
  }
}
