import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Goal: a burst of jobs of one user is one look-up; what agentd itself asks, what was not found, and programs are looked up each time.
struct AccountsAreTakenAsTheyWere {
  private static let owner = JobOwner(ClientIdentity(subject: "CN=client", thumbprint: .unknown))

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var question: LookUp
    var asksForAgentd = false
    var isAskedAgain: Bool
  }

  static let cases = [
    Case(testDescription: "a user", question: LookUp(user: "root"), isAskedAgain: false),
    Case(testDescription: "a user for agentd", question: LookUp(user: "root"), asksForAgentd: true, isAskedAgain: true),
    Case(testDescription: "a user that does not exist", question: LookUp(user: "no-such-user"), isAskedAgain: true),
    Case(
      testDescription: "a user and a program", question: LookUp(user: "root", program: "/bin/true"), isAskedAgain: true),
  ]

  @Test(.enabled(if: geteuid() == 0, "root may look up any user"), arguments: cases)
  func secondTime(_ expected: Case) throws {
    let reactor = try Reactor()
    let agentd = try BuiltProduct.path("agentd")
    let resolver = Resolver(on: reactor, log: LogLines().log) { () throws(SystemError) in
      let (ours, theirs) = try FileDescriptor.socketPair()
      let program = Program(agentd, arguments: [ResolverProcess.title], descriptors: [nil, nil, nil, theirs])
      return (try program.start(), ours)
    }
    let asker = expected.asksForAgentd ? Asker.agentd : .job(Self.owner)
    var found: [Found] = []
    resolver.look(up: expected.question, for: asker) { found.append($0) }
    try reactor.turns(until: "the answer") { found.count == 1 }
    resolver.look(up: expected.question, for: asker) { found.append($0) }
    #expect(found.count == (expected.isAskedAgain ? 1 : 2))
    try reactor.turns(until: "the second answer") { found.count == 2 }
    #expect(found[0].account?.user == found[1].account?.user)
    #expect((found[0].account == nil) == (expected.question.user == "no-such-user"))
    // It goes with the idle process.
    resolver.giveBack()
    resolver.look(up: expected.question, for: asker) { found.append($0) }
    #expect(found.count == 2)
    try reactor.turns(until: "the third answer") { found.count == 3 }
    resolver.giveBack()
  }
}
