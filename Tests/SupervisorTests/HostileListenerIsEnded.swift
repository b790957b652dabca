import AgentProtocol
import CLinux
import FoundationEssentials
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// Whatever a listener sends, the worst that happens is its own end: it is killed, and another one serves.
struct HostileListenerIsEnded {
  private static let frames: [(what: String, bytes: [UInt8], logged: String)] = [
    ("garbage", Array("GET / HTTP/1.1\r\n\r\n".utf8), "frame of 1195725856 bytes"),
    ("huge length", [0xFF, 0xFF, 0xFF, 0xFF, 0], "frame of 4294967295 bytes"),
    ("length one above the limit", frame([], length: (4 << 20) + 1), "frame of 4194305 bytes"),
    ("more descriptors than allowed", [0, 0, 0, 2, 65], "frame announces 65 descriptors"),
    ("announced descriptors that do not come", frame("{}".utf8, descriptors: 1), "frame announces 1 descriptors"),
    ("no JSON", frame("x".utf8), "frame that cannot be decoded"),
    ("empty payload", frame([]), "frame that cannot be decoded"),
    ("unknown message", frame(#"{"shutdown":{}}"#.utf8), "frame that cannot be decoded"),
    ("a message of the other direction", frame(#"{"drain":{}}"#.utf8), "frame that cannot be decoded"),
    ("deep nesting", frame(String(repeating: "[", count: 100_000).utf8), "frame that cannot be decoded"),
    ("ready a second time", frame(secondReady.utf8), "ready while serving"),
    ("a client of no thumbprint", frame(admitted("client", ["MAo="])), "not a SHA-256 thumbprint"),
    ("a client of capitals", frame(admitted(client.uppercased(), ["MAo="])), "not a SHA-256 thumbprint"),
    ("a client without certificate", frame(admitted(client, [])), "not an admitted client"),
    (
      "a client with too many certificates", frame(admitted(client, Array(repeating: "MAo=", count: 33))),
      "not an admitted"
    ),
    ("a client with too large a certificate", frame(admitted(client, [tooLarge])), "not an admitted client"),
    ("a client with a certificate that is no base64", frame(admitted(client, ["MAo"])), "not an admitted client"),
    ("a client with further keys", frame(admitted(client, ["MAo="], #","since":1"#)), "unknown key"),
    ("an answer that nobody asked for", frame(#"{"alive":{}}"#.utf8), "alive without a probe"),
    ("unusable while serving", frame(#"{"unusable":{"_0":"x"}}"#.utf8), "unusable while serving"),
  ]

  private static let secondReady = """
    {"ready":{"_0":{"subject":"CN=a","thumbprint":"\(client)","notAfter":"2026-01-01T00:00:00.000Z","roots":[]}}}
    """

  private static let client = String(repeating: "ab", count: 32)
  private static let tooLarge = String(repeating: "MAoA", count: (48 << 10) / 4 + 1)

  private static func admitted(_ client: String, _ certificates: [String], _ more: String = "") -> [UInt8] {
    let list = certificates.map { "\"\($0)\"" }.joined(separator: ",")
    let root = String(repeating: "cd", count: 32)
    return Array(
      #"{"admitted":{"_0":{"thumbprint":"\#(client)","root":"\#(root)","certificates":[\#(list)]\#(more)}}}"#.utf8)
  }

  @Test(arguments: frames)
  func aFrameThatBreaksTheContract(what: String, bytes: [UInt8], logged: String) throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.fakes[0].outbox.writeAll(bytes)
    try stage.reactor.turns(until: "another listener") { stage.fakes.count == 2 }
    #expect(stage.fakes[0].isGone)
    let line = stage.lines.all.first { $0.contains("starting again in 0 s") }
    #expect(line?.contains(logged) == true, "\(what): \(stage.lines.all)")
    try stage.fakes[1].send(.ready(SupervisionStage.report))
    try stage.reactor.turns(until: "it serves again") { stage.lines.all.contains("notice listener serves again") }
  }

  @Test func noWayOfItsLinkTakesADescriptor() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    let bytes = frame(try JSONEncoder().encode(ListenerMessage.abandon(1)))
    let null = try FileDescriptor.open("/dev/null", O_RDONLY)
    for way in [stage.fakes[0].link.raw, stage.fakes[0].outbox.raw] {
      #expect(clinux_send_with_descriptors(way, bytes, bytes.count, [null.raw], 1) == -1)
    }
    try stage.fakes[0].send(.abandon(1))
    try stage.reactor.turns(until: "it is heard all the same") { !stage.asked.isEmpty }
  }

  @Test func aRequestBeforeItIsReady() throws {
    let stage = try SupervisionStage()
    try stage.start()
    try stage.fakes[0].send(.abandon(1))
    try stage.reactor.turns(until: "the end") { !stage.results.isEmpty }
    guard case .failure(let failure) = stage.results[0] else { throw Failed() }
    #expect(failure.message.contains("abandon while awaitingReady"))
    #expect(stage.asked.isEmpty)
  }

  @Test func aListenerThatDoesNotRead() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.fakes[0].send(.abandon(1))
    try stage.reactor.turns(until: "it is heard") { stage.heard != nil }
    let large = JobAnswer.problem(Problem(.fault, String(repeating: "x", count: 1 << 20)))
    for number in 0..<20 { try stage.heard?.send(.answer(UInt64(number), large)) }
    try stage.reactor.turns(until: "another listener") { stage.fakes.count == 2 }
    #expect(stage.lines.all.contains { $0.contains("it does not read its answers") })
  }

  @Test func aListenerThatClosesItsLinkAndStays() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    stage.fakes[0].hangUp()
    try stage.reactor.turns(until: "another listener") { stage.fakes.count == 2 }
    #expect(stage.fakes[0].isGone)
  }

  @Test func framesInPiecesAreFramesAllTheSame() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    for byte in frame(try JSONEncoder().encode(ListenerMessage.abandon(7))) {
      try stage.fakes[0].outbox.writeAll([byte])
      try stage.reactor.turn()
    }
    guard case .abandon(7)? = stage.asked.first else { throw Failed() }
    #expect(stage.fakes.count == 1)
  }

  struct Failed: Error {}
}
