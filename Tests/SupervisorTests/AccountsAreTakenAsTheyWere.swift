import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Goal: a burst of submissions for one user is one look-up; what agentd itself asks, waiting jobs, what was not found, and programs are
/// looked up each time.
struct AccountsAreTakenAsTheyWere {
  enum Kind: Sendable { case request, job, agentd }

  private static func asker(_ kind: Kind) throws -> Asker {
    let client = VerifiedClient(ClientIdentity(subject: "CN=client", thumbprint: .unknown))
    switch kind {
    case .request:
      let inotify = try FileDescriptor.open("/dev/null", O_RDONLY)
      return .request(ClientRequest(.showAgent, from: client, inotify: inotify) { _, _ in })
    case .job: return .job(JobOwner(client.identity))
    case .agentd: return .agentd
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var question: LookUp
    var kind = Kind.request
    var isAskedAgain: Bool
  }

  static let cases = [
    Case(testDescription: "a user", question: LookUp(user: "root"), isAskedAgain: false),
    Case(testDescription: "for agentd", question: LookUp(user: "root"), kind: .agentd, isAskedAgain: true),
    Case(testDescription: "for a job that waited", question: LookUp(user: "root"), kind: .job, isAskedAgain: true),
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
    let asker = try Self.asker(expected.kind)
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
