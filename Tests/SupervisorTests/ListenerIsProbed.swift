import AgentProtocol
import SupervisorLink
import Testing

@testable import Supervisor

/// A listener gets one probe at a time, and counts as alive only when it answers.
struct ListenerIsProbed {
  @Test func onlyItsAnswerCounts() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    _ = try stage.messages(to: 0)
    var signs = 0
    for _ in 1...3 { stage.supervision.probe { signs += 1 } }
    try stage.reactor.turns(until: "the question") { (try? stage.messages(to: 0).contains { $0.isProbe }) == true }
    #expect(signs == 0)
    try stage.fakes[0].send(.alive)
    try stage.reactor.turns(until: "the answer") { signs == 1 }
    stage.supervision.probe { signs += 1 }
    #expect(try stage.messages(to: 0).map(\.isProbe) == [true])
    try stage.fakes[0].send(.alive)
    try stage.reactor.turns(until: "the next answer") { signs == 2 }
  }

  @Test func withoutAListenerThereIsNoSign() throws {
    let stage = try SupervisionStage()
    stage.supervision.probe { Issue.record("nobody is there") }
    try stage.start()
    stage.supervision.probe { Issue.record("it is not ready") }
    #expect(try stage.messages(to: 0).count == 1)
  }
}

extension SupervisorMessage {
  fileprivate var isProbe: Bool { if case .probe = self { true } else { false } }
}
