import AgentProtocol
import CertificateStore
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// At every moment of a reload, a crash and a stop one listener serves, or is about to.
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
    // What it still has open it may still ask for.
    try stage.fakes[0].send(.abandon(3))
    try stage.reactor.turns(until: "it is heard") { !stage.asked.isEmpty }
    // Its end is no reason to start another one.
    try stage.fakes[0].process.send(SIGKILL)
    try stage.reactor.turns(until: "it is gone") { stage.fakes[0].isGone }
    #expect(stage.fakes.count == 2 && stage.lines.all.isEmpty)
  }

  @Test(arguments: ["unusable", "killed", "silent"])
  func aNewListenerThatDoesNotGetReadyChangesNothing(how: String) throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.start()
    switch how {
    case "unusable": try stage.fakes[1].send(.unusable("certificate expired yesterday"))
    case "killed": try stage.fakes[1].process.send(SIGKILL)
    default: stage.fakes[1].link.close()
    }
    try stage.reactor.turns(until: "the reload fails") { stage.results.count == 2 }
    guard case .failure(let failure) = stage.results[1] else {
      Issue.record("the reload did not fail")
      return
    }
    let expected = [
      "unusable": "certificate expired yesterday", "killed": "the listener exited on signal 9 before it was ready",
      "silent": "the listener was ended: it closed its link and did not exit before it was ready",
    ]
    #expect(failure.message == expected[how])
    #expect(try stage.messages(to: 0).map(\.stem) == ["configure"])
    #expect(!stage.fakes[0].isGone && stage.fakes.count == 2)
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
      let root = Thumbprint(String(repeating: "e\(number)", count: 32))!
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
  /// The roots in each order to drain.
  fileprivate func roots(toldTo fake: Int) throws -> [[String]] {
    try messages(to: fake).compactMap { message in
      guard case .drain(let trust) = message else { return nil }
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
    }
  }
}
