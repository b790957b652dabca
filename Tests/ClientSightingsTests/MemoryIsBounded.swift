// Goal: however many clients connect, the record stays within its limits, and the least recently seen is evicted.
import AgentProtocol
import TestSupport
import Testing

@testable import ClientSightings

struct MemoryIsBounded {
  @Test func whoHasBeenAwayLongestGivesWay() {
    var sightings = ClientSightings()
    for number in 1...ClientSightings.maximumClients { sightings.note(client(number), at: Int64(number)) }
    sightings.note(client(1), at: 100_000)
    sightings.note(client(5000), at: 100_001)
    #expect(sightings.count == ClientSightings.maximumClients)
    #expect(!sightings.contains(thumbprint(2)))
    #expect(sightings.contains(thumbprint(1)))
    #expect(sightings.newestFirst.prefix(2).map(\.client.thumbprint) == [thumbprint(5000), thumbprint(1)])
  }

  @Test func largeClientsAreFewer() throws {
    let large = String(repeating: "MAoA", count: AdmittedClient.maximumCharacters / 4)
    var sightings = ClientSightings()
    for number in 1...400 { sightings.note(client(number, certificates: [large]), at: Int64(number)) }
    #expect(sightings.count < 400)
    #expect(sightings.contains(thumbprint(400)))
    let bytes = SightingsFile.encode(sightings)
    #expect(bytes.count <= ClientSightings.maximumBytes)
    #expect(bytes.count > ClientSightings.maximumBytes - 2 * large.utf8.count)
    #expect(try SightingsFile.parse(bytes) == sightings)
  }

  @Test func recentMeansThirtyDays() {
    var sightings = ClientSightings()
    let now: Int64 = 1_764_000_000
    for (number, age) in [0, 30 * 86400, 30 * 86400 + 1].enumerated() {
      sightings.note(client(number), at: now - Int64(age))
    }
    #expect(sightings.recent(at: now).map(\.client.thumbprint) == [thumbprint(0), thumbprint(1)])
  }

  @Test func moreClientsThanAllowedAreNoRecord() {
    let lines = (0...ClientSightings.maximumClients).map { "1 \(thumbprint($0)) \(thumbprint(0)) MAoA\n" }
    let text = "agentd clients 1\n\(lines.joined())end \(lines.count)\n"
    #expect(throws: SightingsFile.Fault.self) { try SightingsFile.parse(Array(text.utf8)) }
  }

  @Test func clientsBeyondTheLimitsAreNone() {
    let large = String(repeating: "MAoA", count: AdmittedClient.maximumCharacters / 4)
    let good = thumbprint(1)
    #expect(AdmittedClient(thumbprint: good, root: good, certificates: [large]) != nil)
    #expect(AdmittedClient(thumbprint: good, root: good, certificates: [large, "MAoA"]) == nil)
    #expect(AdmittedClient(thumbprint: good, root: good, certificates: Array(repeating: "MAoA", count: 32)) != nil)
    #expect(AdmittedClient(thumbprint: good, root: good, certificates: Array(repeating: "MAoA", count: 33)) == nil)
  }
}
