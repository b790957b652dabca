import AgentProtocol
import SupervisorLink
import TestSupport
import Testing

@testable import Listener

/// Whatever bytes arrive, the HTTP layer survives, sends complete answers only, and issues no command that was not requested.
struct BrokenRequests {
  private static let seeds = [
    Connection.agent,
    Bodies.put(Bodies.job, "Content-Type: application/json\r\nExpect: 100-continue\r\n"),
    "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n19\r\n\(Bodies.job)\r\n0\r\nX: y\r\n\r\n",
    "GET /v1/jobs/j1?wait=5 HTTP/1.1\r\nHost: a\r\nRange: bytes=1-\r\nConnection: keep-alive, x\r\n\r\n",
    "DELETE https://host:1/v1/jobs/%41 HTTP/1.0\r\nContent-Length: 0\r\nUpgrade: h2c\r\n\r\n",
  ]

  private static func mutate(_ bytes: [UInt8], _ random: inout RepeatableRandom) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert([0x0D, 0x0A, 0x20, 0x3A, 0x00, 0x25, 0x2C].randomElement(using: &random) ?? 0, at: place)
      case 3: bytes.insert(contentsOf: bytes[place..<min(place + 20, bytes.count)], at: place)
      default: bytes.removeSubrange(place..<min(place + 8, bytes.count))
      }
      if bytes.isEmpty { return [0] }
    }
    return bytes
  }

  @Test(arguments: 0..<8) func areSurvived(_ seed: Int) throws {
    var random = RepeatableRandom(seed: UInt64(seed))
    for _ in 0..<150 {
      let conversation = try Conversation(RequestTable.supervisor())
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes += Self.mutate(Array((Self.seeds.randomElement(using: &random) ?? "").utf8), &random)
      }
      let cut = Int.random(in: 0...bytes.count, using: &random)
      conversation.send(bytes: Array(bytes[..<cut]))
      conversation.send(bytes: Array(bytes[cut...]))
      conversation.loop.advanceTime(by: .seconds(61))
      var rest = conversation.received()[...]
      while !rest.isEmpty {
        let answer = Answer(String(rest))
        #expect((100...599).contains(answer.status), "seed \(seed): \(rest.prefix(200).debugDescription)")
        guard let end = rest.firstRange(of: "\r\n\r\n") else { break }
        rest = rest[end.upperBound...].dropFirst(
          answer.status == 100 ? 0 : Int(answer.fields["content-length"] ?? "0") ?? 0)
      }
      #expect(conversation.supervisor.commands.allSatisfy(Self.isFromTheSeeds), "\(conversation.supervisor.commands)")
    }
  }

  private static func isFromTheSeeds(_ command: JobCommand) -> Bool {
    switch command {
    case .submitJob, .showJob, .deleteJob, .listJobs: true
    case .showAgent, .permitSubmit, .openOutput, .cancelJob, .cancelJobs, .showMetrics, .refresh, .nextEvents: false
    }
  }
}
