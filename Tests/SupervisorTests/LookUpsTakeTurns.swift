import Testing
import Values

@testable import Supervisor

/// A client with many look-ups delays its own, and neither those of others nor agentd's.
struct LookUpsTakeTurns {
  private static let (first, second) = (owner("CN=first"), owner("CN=second"))

  private static func owner(_ subject: String) -> JobOwner {
    JobOwner(ClientIdentity(subject: subject, thumbprint: .unknown))
  }

  private func names(_ waiting: inout WaitingLookUps, _ count: Int, _ mayAsk: (JobOwner) -> Bool) -> [String] {
    (0..<count).compactMap { _ in
      guard let (question, _) = waiting.nextOfClients(mayAsk) else { return nil }
      waiting.remove(question)
      return question.user
    }
  }

  @Test func oneOfEachOwnerAtATime() {
    var waiting = WaitingLookUps()
    for number in 0..<1000 { waiting.add(LookUp(user: "a\(number)"), of: Self.first) }
    for number in 0..<2 { waiting.add(LookUp(user: "b\(number)"), of: Self.second) }
    #expect(waiting.next(of: nil) == nil)
    waiting.add(LookUp(user: "agentd"), of: nil)
    #expect(waiting.next(of: nil)?.user == "agentd")
    #expect(names(&waiting, 6) { _ in true } == ["a0", "b0", "a1", "b1", "a2", "a3"])
  }

  @Test func anOwnerWithoutAPlaceIsPassedOver() {
    var waiting = WaitingLookUps()
    for number in 0..<3 { waiting.add(LookUp(user: "a\(number)"), of: Self.first) }
    waiting.add(LookUp(user: "b"), of: Self.second)
    #expect(names(&waiting, 2) { $0 != Self.first } == ["b"])
    #expect(names(&waiting, 4) { _ in true } == ["a0", "a1", "a2"])
  }

  /// Otherwise a client could have others wait behind its own.
  @Test func aQuestionOfTwoIsAskedInTheFirstTurn() {
    var waiting = WaitingLookUps()
    for number in 0..<100 { waiting.add(LookUp(user: "a\(number)"), of: Self.first) }
    waiting.add(LookUp(user: "a99"), of: Self.second)
    #expect(names(&waiting, 3) { _ in true } == ["a0", "a99", "a1"])
  }

  @Test func whatWasDroppedTakesNoRoom() {
    var waiting = WaitingLookUps()
    for round in 0..<100_000 {
      let question = LookUp(user: "a\(round)")
      waiting.add(question, of: Self.first)
      waiting.remove(question)
    }
    waiting.add(LookUp(user: "last"), of: Self.first)
    #expect(names(&waiting, 2) { _ in true } == ["last"])
  }
}
