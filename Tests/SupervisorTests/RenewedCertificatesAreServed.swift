import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// A renewed certificate is served after a reload. If the reload fails, it is retried, and nothing is renewed again.
struct RenewedCertificatesAreServed {
  /// A renewal whose process is a script, which writes a line for each run.
  private final class Stage {
    let reactor: Reactor
    let folder: TemporaryFolder
    let lines = LogLines()
    let due = Timestamp(milliseconds: Timestamp.now().milliseconds - 1000)
    let later = Timestamp(milliseconds: Timestamp.now().milliseconds + 3_600_000)
    private(set) var reloads = 0
    private(set) var renewal: CertificateRenewal!

    init(_ script: String) throws {
      (reactor, folder) = (try Reactor(), try TemporaryFolder())
      var program = Program("/bin/sh", arguments: ["sh", "-c", "echo run >> runs; \(script)"], descriptors: [])
      program.directory = folder.path
      renewal = CertificateRenewal(
        on: reactor, log: lines.log, program: program,
        .init(
          dueAt: { [unowned self] in folder.has("renewed") ? later : due }, reload: { [unowned self] in reloads += 1 }),
        delay: RenewalDelay(first: 0.01))
      renewal.schedule(due)
    }

    var runs: Int { ((try? folder.read("runs")) ?? "").split(separator: "\n").count }
  }

  @Test func aReloadThatFailsIsTriedAgain() throws {
    let stage = try Stage("touch renewed; echo renewed it")
    try stage.reactor.turns(until: "three reloads") { stage.reloads == 3 }
    #expect(stage.runs == 1)
    #expect(stage.renewal.successes == 1 && stage.renewal.failures == 0)
    #expect(stage.lines.all.contains { $0.contains("says=renewed it") }, "\(stage.lines.all)")
    #expect(stage.lines.all.contains { $0.contains("the renewed listener certificate is not in use yet: reloading") })
    // A successful renewal reports when the next one is due.
    stage.renewal.schedule(stage.later)
    let next = try #require(stage.renewal.nextAttempt).milliseconds
    #expect(abs(next - stage.later.milliseconds) <= 1000)
    stage.renewal.schedule(nil)
    #expect(stage.renewal.nextAttempt == nil)
  }

  @Test func aRenewalThatFailsIsTriedAgain() throws {
    let stage = try Stage("echo nobody answers >&2; exit 69")
    try stage.reactor.turns(until: "three failures") { stage.renewal.failures == 3 }
    #expect(stage.runs == 3 && stage.reloads == 0 && stage.renewal.successes == 0)
    #expect(
      stage.lines.all.contains { $0.contains("was not renewed: nobody answers; trying again in 0 s") },
      "\(stage.lines.all)")
  }
}

extension TemporaryFolder {
  fileprivate func has(_ name: String) -> Bool { (try? read(name)) != nil }
}
