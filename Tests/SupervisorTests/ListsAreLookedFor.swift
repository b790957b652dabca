import AgentProtocol
import CertificateStore
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Newer revocation lists are looked for when a client asks, but never more often than every few seconds; a changed store is reloaded, also
/// if the process that changed it did not say so.
struct ListsAreLookedFor {
  private final class Stage {
    let reactor: Reactor
    let folder: TemporaryFolder
    let lines = LogLines()
    private(set) var reloads = 0
    private(set) var refresh: RevocationRefresh!

    init(_ script: String) throws {
      (reactor, folder) = (try Reactor(), try TemporaryFolder())
      var program = Program("/bin/sh", arguments: ["sh", "-c", "echo run >> runs; \(script)"], descriptors: [])
      program.directory = folder.path
      refresh = RevocationRefresh(on: reactor, log: lines.log, program: program) { [unowned self] in reloads += 1 }
    }

    /// - Parameter interval: in seconds.
    func adopt(hasServer: Bool = true, interval: Int = 0) {
      let store = CertificateStore(folder: folder.path("store"))
      refresh.adopt(.init(hasServer: hasServer, interval: interval, store: store, generation: store.generation))
    }

    var runs: Int { ((try? folder.read("runs")) ?? "").split(separator: "\n").count }
  }

  private static func owner(_ name: String) -> JobOwner {
    JobOwner(ClientIdentity(subject: "CN=\(name)", thumbprint: Thumbprint(repeating: "00")))
  }

  private static let change = "mkdir -m 700 -p store/generation-1; ln -sfn generation-1 store/current; chmod 700 store"

  @Test(arguments: ["\(change)", "\(change); kill -9 $$"])
  func aChangedStoreIsReloaded(script: String) throws {
    let stage = try Stage(script)
    stage.adopt()
    try stage.refresh.look(for: Self.owner("a"))
    try stage.reactor.turns(until: "a reload") { stage.reloads == 1 }
    #expect(stage.runs == 1)
    stage.adopt()
    try stage.refresh.look(for: Self.owner("a"))
    try stage.reactor.turns(until: "another run") { stage.refresh.successes + stage.refresh.failures == 2 }
    #expect(stage.reloads == 1)
  }

  @Test func manyRequestsAreOneLook() throws {
    let stage = try Stage("exit 0")
    stage.adopt()
    let start = ContinuousClock.now
    for name in 0..<100 { try stage.refresh.look(for: Self.owner("\(name)")) }
    try stage.reactor.turns(until: "the first look") { stage.refresh.successes == 1 }
    for name in 0..<100 { try stage.refresh.look(for: Self.owner("\(name)")) }
    try stage.reactor.turns(until: "the second look") { stage.refresh.successes == 2 }
    #expect(stage.runs == 2 && .now - start >= RevocationRefresh.leastPause)
    #expect(stage.reloads == 0)
  }

  @Test func aClientThatAsksTooOftenIsRefused() throws {
    let stage = try Stage("exit 0")
    stage.adopt()
    for _ in 0..<LookRequests.perMinute { try stage.refresh.look(for: Self.owner("a")) }
    #expect(throws: Problem.self) { try stage.refresh.look(for: Self.owner("a")) }
    try stage.refresh.look(for: Self.owner("b"))
    // Those beyond the clients that are counted share one account.
    for name in 0..<LookRequests.maximumClients { try? stage.refresh.look(for: Self.owner("\(name)")) }
    #expect(throws: Problem.self) {
      for name in 0...LookRequests.perMinute { try stage.refresh.look(for: Self.owner("late \(name)")) }
    }
  }

  @Test func withoutAServiceThereIsNothingToLookFor() throws {
    let stage = try Stage("exit 0")
    stage.adopt(hasServer: false, interval: 10)
    #expect(throws: Problem.self) { try stage.refresh.look(for: Self.owner("a")) }
    stage.adopt(interval: 1)
    try stage.reactor.turns(until: "a look on schedule") { stage.refresh.successes == 1 }
  }

  @Test func aFailureIsSaidOnceAndTriedAgain() throws {
    let stage = try Stage("echo nobody answers >&2; exit 69")
    stage.adopt(interval: 1)
    try stage.reactor.turns(until: "three failures") { stage.refresh.failures == 3 }
    #expect(stage.lines.all.count { $0.contains("were not fetched: nobody answers") } == 1, "\(stage.lines.all)")
  }
}
