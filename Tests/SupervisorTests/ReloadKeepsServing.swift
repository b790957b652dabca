import AgentProtocol
import CertificateStore
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// At every moment of a reload, a crash and a stop, one listener serves or is about to.
struct ReloadKeepsServing {
  @Test func theNewListenerServesBeforeTheOldOneDrains() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.start()
    try stage.reactor.turn()
    #expect(try stage.messages(to: 0).map(\.stem) == ["configure"])
    try stage.fakes[1].send(.ready(SupervisionStage.report))
    try stage.reactor.turns(until: "the new one serves") { stage.results.count == 2 }
    #expect(try stage.messages(to: 0).map(\.stem) == ["drain"])
    #expect(!stage.fakes[0].isGone)
    // It may still send requests for its open connections.
    try stage.fakes[0].send(.abandon(3))
    try stage.reactor.turns(until: "it is heard") { !stage.asked.isEmpty }
    // Its end does not cause another start.
    try stage.fakes[0].process.send(SIGKILL)
    try stage.reactor.turns(until: "it is gone") { stage.fakes[0].isGone }
    #expect(stage.fakes.count == 2 && stage.lines.all.isEmpty)
  }

  @Test(arguments: ["unusable", "silent"])
  func aNewListenerThatDoesNotGetReadyChangesNothing(how: String) throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.start()
    switch how {
    case "unusable": try stage.fakes[1].send(.unusable("certificate expired yesterday"))
    default: stage.fakes[1].hangUp()
    }
    try stage.reactor.turns(until: "the reload fails") { stage.results.count == 2 }
    guard case .failure(let failure) = stage.results[1] else {
      Issue.record("the reload did not fail")
      return
    }
    let expected = [
      "unusable": "certificate expired yesterday",
      "silent": "the listener was killed: it closed its link and did not exit before it was ready",
    ]
    #expect(failure.message == expected[how])
    #expect(try stage.messages(to: 0).map(\.stem) == ["configure"])
    #expect(!stage.fakes[0].isGone && stage.fakes.count == 2)
  }

  @Test func aNewListenerThatIsKilledIsStartedAnew() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.start()
    for count in 2...3 {
      try stage.fakes[count - 1].process.send(SIGKILL)
      try stage.reactor.turns(until: "another one") { stage.fakes.count == count + 1 }
    }
    try stage.fakes[3].send(.ready(SupervisionStage.report))
    try stage.reactor.turns(until: "the reload is complete") { stage.results.count == 2 }
    #expect(throws: Never.self) { try stage.results[1].get() }
    #expect(try stage.messages(to: 0).map(\.stem) == ["configure", "drain"])
  }

  @Test func aNewListenerThatIsKilledAgainAndAgainChangesNothing() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.start()
    for count in 2...4 {
      try stage.reactor.turns(until: "another one") { stage.fakes.count == count }
      try stage.fakes[count - 1].process.send(SIGKILL)
    }
    try stage.reactor.turns(until: "the reload fails") { stage.results.count == 2 }
    guard case .failure(let failure) = stage.results[1] else {
      Issue.record("the reload did not fail")
      return
    }
    #expect(failure.message == "the listener exited on signal 9 before it was ready")
    #expect(try stage.messages(to: 0).map(\.stem) == ["configure"])
    #expect(!stage.fakes[0].isGone && stage.fakes.count == 4)
  }

  @Test func aCrashDuringAReloadIsMendedByTheReload() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.start()
    try stage.fakes[0].process.send(SIGKILL)
    try stage.reactor.turns(until: "the crash is seen") { !stage.lines.all.isEmpty }
    try stage.fakes[1].send(.ready(SupervisionStage.report))
    try stage.reactor.turns(until: "the new one serves") { stage.results.count == 2 }
    #expect(stage.fakes.count == 2)
  }

  @Test func aCrashDuringAReloadThatFailsBringsTheOldMaterialBack() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.start()
    try stage.fakes[0].process.send(SIGKILL)
    try stage.reactor.turns(until: "the crash is seen") { !stage.lines.all.isEmpty }
    try stage.fakes[1].send(.unusable("no"))
    try stage.reactor.turns(until: "a third listener") { stage.fakes.count == 3 }
    try stage.fakes[2].send(.ready(SupervisionStage.report))
    try stage.reactor.turns(until: "it serves") { stage.lines.all.contains("notice listener serves again") }
  }

  @Test func aListenerThatDiesAtOnceIsStartedAgainMoreAndMoreSlowly() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    for number in 0..<3 {
      try stage.fakes[number].process.send(SIGKILL)
      try stage.reactor.turns(until: "the next listener") { stage.fakes.count == number + 2 }
      try stage.fakes[number + 1].send(.ready(SupervisionStage.report))
      try stage.reactor.turns(until: "it serves") {
        stage.lines.all.filter { $0 == "notice listener serves again" }.count == number + 1
      }
    }
    let waits = stage.lines.all.compactMap { $0.firstMatch(of: #/starting again in (.*) s/#)?.1 }
    #expect(waits == ["0", "0.100", "0.200"])
    #expect(stage.lines.all[0].hasPrefix("error listener exited on signal 9; starting again in 0 s pid="))
  }

  @Test func everyReplacedListenerLearnsWhoIsTrustedNow() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    for number in 1...2 {
      let root = Thumbprint(repeating: "e\(number)")
      try CertificateStore(folder: stage.host.folder.path("store")).update { store in
        store.add(StoredObject(thumbprint: root, pem: Array("root \(number)".utf8)), to: .roots)
      }
      try stage.start()
      try stage.fakes[number].send(.ready(SupervisionStage.report))
      try stage.reactor.turns(until: "it serves") { stage.results.count == number + 1 }
    }
    #expect(try stage.roots(toldTo: 0) == [["root", "root 1"], ["root", "root 1", "root 2"]])
    #expect(try stage.roots(toldTo: 1) == [["root", "root 1", "root 2"]])
    #expect(try stage.roots(toldTo: 2) == [])
  }

  @Test func tooManyReplacedListenersAreNotKept() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    for number in 1...(ListenerSupervision.maximumDraining + 1) {
      try stage.start()
      try stage.fakes[number].send(.ready(SupervisionStage.report))
      try stage.reactor.turns(until: "it serves") { stage.results.count == number + 1 }
    }
    try stage.reactor.turns(until: "the oldest is gone") { stage.fakes[0].isGone }
    #expect(stage.fakes.dropFirst().allSatisfy { !$0.isGone })
  }

  @Test func aReloadWaitsWhileTooManyAreBusy() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    for number in 1...ListenerSupervision.maximumDraining {
      try stage.start()
      try stage.fakes[number].send(.ready(SupervisionStage.report))
      try stage.reactor.turns(until: "it serves") { stage.results.count == number + 1 }
    }
    var called: [String] = []
    stage.supervision.awaitRoom(limit: .seconds(60)) { called.append("overtaken") }
    stage.supervision.awaitRoom(limit: .seconds(60)) { called.append("room") }
    #expect(called == [])
    try stage.fakes[3].process.send(SIGKILL)
    try stage.reactor.turns(until: "there is room") { !called.isEmpty }
    stage.supervision.awaitRoom(limit: .seconds(60)) { called.append("at once") }
    #expect(called == ["room", "at once"])
  }

  @Test func aReloadDoesNotWaitForever() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    for number in 1...ListenerSupervision.maximumDraining {
      try stage.start()
      try stage.fakes[number].send(.ready(SupervisionStage.report))
      try stage.reactor.turns(until: "it serves") { stage.results.count == number + 1 }
    }
    var isCalled = false
    stage.supervision.awaitRoom(limit: .milliseconds(20)) { isCalled = true }
    try stage.reactor.turns(until: "the end of the time") { isCalled }
  }

  @Test func aSocketThatIsLeftCanBeHadBack() throws {
    let stage = try SupervisionStage()
    let (old, new) = (try Self.socket(), try Self.socket())
    for (number, sockets) in [[old], [new], [old]].enumerated() {
      try stage.start(sockets)
      try stage.fakes[number].send(.ready(SupervisionStage.report))
      try stage.reactor.turns(until: "it serves") { stage.results.count == number + 1 }
      #expect(stage.supervision.sockets.map(\.endpoint) == sockets.map(\.endpoint))
      let isTaken = try connects(to: old)
      #expect(isTaken == (number != 1), "who comes to a port that is left waits, and is not reset later")
    }
    #expect(stage.supervision.boundSockets.map(\.endpoint) == [old.endpoint, new.endpoint])
    // The previous listener keeps accepting for a while: connections in the queue are not lost.
    guard case .drain(_, let acceptingFor)? = try stage.messages(to: 0).last else {
      Issue.record("it is not drained")
      return
    }
    #expect(acceptingFor == 0.5)
    try stage.reactor.turns(until: "the other one is given up") { stage.supervision.boundSockets.count == 1 }
  }

  @Test func aSocketThatIsHadBackLateTakesConnectionsToo() throws {
    let stage = try SupervisionStage()
    let (old, new) = (try Self.socket(), try Self.socket())
    for (number, sockets) in [[old], [new]].enumerated() {
      try stage.start(sockets)
      try stage.fakes[number].send(.ready(SupervisionStage.report))
      try stage.reactor.turns(until: "it serves") { stage.results.count == number + 1 }
    }
    // Its listener becomes ready only after the time for which the socket is kept.
    try stage.start([old])
    try stage.reactor.turns(until: "it is kept no more") { stage.supervision.boundSockets.count == 1 }
    #expect(try !connects(to: old))
    try stage.fakes[2].send(.ready(SupervisionStage.report))
    try stage.reactor.turns(until: "it serves") { stage.results.count == 3 }
    #expect(try connects(to: old))
  }

  private static func socket() throws -> ListeningSocket {
    let socket = try ListeningSocket(.init(address: "127.0.0.1", port: 0))
    let port = UInt16(socket.shown.split(separator: ":")[1])!
    // The same socket under the name it would have in the configuration.
    return ListeningSocket(.init(address: "127.0.0.1", port: port), socket.descriptor)
  }

  /// Returns whether a connection is established within a moment; on this host, that takes microseconds.
  private func connects(to socket: ListeningSocket) throws -> Bool {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let client = FileDescriptor(owning: try checked("socket") { Glibc.socket(AF_INET, type, 0) })
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = socket.endpoint.port.bigEndian
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(client.raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    var poll = pollfd(fd: client.raw, events: Int16(POLLOUT), revents: 0)
    return Glibc.poll(&poll, 1, 100) == 1
  }

  @Test func stoppingDrainsAndEndsInTime() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    var stopped = false
    stage.supervision.stop(limit: .milliseconds(50)) { stopped = true }
    #expect(try stage.messages(to: 0).map(\.stem) == ["configure", "drain"])
    #expect(!stopped)
    try stage.reactor.turns(until: "the end of the time") { stopped }
    #expect(stage.fakes[0].isGone && stage.fakes.count == 1)
  }
}

extension SupervisionStage {
  /// Returns the roots in each drain message.
  fileprivate func roots(toldTo fake: Int) throws -> [[String]] {
    try messages(to: fake).compactMap { message in
      guard case .drain(let trust, _) = message else { return nil }
      return trust?.roots.sorted()
    }
  }
}

extension SupervisorMessage {
  fileprivate var stem: String {
    switch self {
    case .configure: "configure"
    case .answer: "answer"
    case .capacity: "capacity"
    case .drain: "drain"
    case .judge: "judge"
    case .probe: "probe"
    }
  }
}
