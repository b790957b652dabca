import AgentClient
import ArgumentParser
import Glibc

/// `make drill`: a random load of jobs while everything is killed, paused, starved and reloaded; then an audit.
@main
struct Drill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agentd-drill", abstract: "Shows that agentd loses no job and runs none twice, whatever is killed.",
    discussion: """
      Starts its own agentd in a scratch folder, gives it jobs from many clients and breaks it as daemons break. Then it \
      checks that the ledger holds every answered submit in a correct final state, that no job ran twice, that no byte \
      of output is missing, and that no process or folder remains. Exits with 1 if not.
      """)

  @Option(help: "How long load and faults last.") var seconds = 60.0
  @Option(help: "Seed of the random choices; default: a new one.") var seed: UInt64 = .random(in: 1...999_999)
  @Option(help: "Number of clients.") var clients = 12
  @Option(help: "The folder with the programs.") var programs = ".build/release"
  @Flag(help: "Keep the scratch folder, with agentd's log.") var keep = false

  func validate() throws {
    guard (1...86400).contains(seconds) else { throw ValidationError("--seconds: 1 to 86400") }
    guard (1...200).contains(clients) else { throw ValidationError("--clients: 1 to 200") }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    let host = try await DrillHost(programs: programs, seed: seed)
    print("drill: seed \(seed), \(Int(seconds)) s, \(clients) clients, in \(host.folder.path)")
    let book = Book()
    try await host.start()
    let end = ContinuousClock.now + .seconds(seconds)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await host.keepRunning(book) }
      let faults = Faults(host, book, seed: seed)
      group.addTask {
        await faults.run(until: end)
        book.faultsAreOver()
      }
      await withTaskGroup(of: Void.self) { load in
        for number in 1...clients {
          load.addTask { await Load(number, host, book, seed: seed).run(until: end) }
        }
      }
      host.isEnding = true
    }
    await Audit(host, book).run()
    book.printSummary()
    await host.end()
    if keep { host.folder.keep() }
    if !book.violations.isEmpty { throw ExitCode(1) }
  }
}
