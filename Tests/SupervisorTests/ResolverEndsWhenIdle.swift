import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// Goal: an idle agentd keeps no process for look-ups, and the next question has one again.
struct ResolverEndsWhenIdle {
  @Test func andIsStartedAgain() throws {
    let reactor = try Reactor()
    let agentd = try BuiltProduct.path("agentd")
    let resolver = Resolver(on: reactor, log: LogLines().log) { () throws(SystemError) in
      let (ours, theirs) = try FileDescriptor.socketPair()
      let program = Program(
        agentd, arguments: [ResolverProcess.title], descriptors: [nil, nil, nil, theirs])
      return (try program.start(), ours)
    }
    var processes: Set<pid_t> = []
    for _ in 0..<2 {
      var found: Found?
      resolver.look(up: LookUp(), for: .agentd) { found = $0 }
      // A process with a question is not ended.
      resolver.giveBack()
      let process = try #require(resolver.processID)
      try reactor.turns(until: "the answer") { found != nil }
      #expect(found?.account?.user == geteuid())
      processes.insert(process)
      resolver.giveBack()
      #expect(resolver.processID == nil)
      try reactor.turns(until: "its end") { kill(process, 0) != 0 && errno == ESRCH }
    }
    #expect(processes.count == 2)
  }
}
