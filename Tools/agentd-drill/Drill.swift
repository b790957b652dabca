import AgentClient
import ArgumentParser
import Glibc

/// `make drill`: random jobs while everything is killed, paused, starved and reloaded; then an audit.
@main
struct Drill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agentd-drill", abstract: "Shows that agentd loses no job and runs none twice, whatever is killed.",
    discussion: """
      Starts its own agentd in a scratch folder, gives it jobs from many clients and breaks it as daemons break. Then it \
      checks that the ledger holds every answered submit in a correct final state, that no job ran twice, that no byte \
      of output is missing, and that no process or folder remains. As root, other clients misbehave meanwhile: it also \
      checks that they neither see nor touch the jobs of the good ones, and do not slow them down. Exits with 1 if not.
      """)

  @Option(help: "How long load and faults last.") var seconds = 60.0
  @Option(help: "Seed of the random choices; default: a new one.") var seed: UInt64 = .random(in: 1...999_999)
  @Option(help: "Number of clients.") var clients = 12
  @Option(help: "The folder with the programs.") var programs = ".build/release"
  @Flag(
    inversion: .prefixedNo, help: "Clients with few rights misbehave (only as root; default: if root).")
  var insiders: Bool?
  @Flag(help: "Keep the scratch folder, with agentd's log.") var keep = false

  func validate() throws {
    guard (1...86400).contains(seconds) else { throw ValidationError("--seconds: 1 to 86400") }
    guard (1...200).contains(clients) else { throw ValidationError("--clients: 1 to 200") }
  }

  // With insiders, the drill has three parts:
  // - 70 % of the time: load and faults, as without insiders, and insiders too;
  // - 15 %: load alone, without faults;
  // - 15 %: the same load with insiders, without faults.
  // The times of submits are those of the last two. During the faults they tell more about the faults than about agentd: a submit
  // lasts as long as agentd is paused, and which faults strike in which part is chance.
  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    let obstacle = Insiders.obstacle
    let hasInsiders = insiders ?? true && obstacle == nil
    let host = try await DrillHost(programs: programs, seed: seed, hasInsiders: hasInsiders)
    print("drill: seed \(seed), \(Int(seconds)) s, \(clients) clients, in \(host.folder.path)")
    let book = Book()
    try await host.start()
    if insiders ?? true, let obstacle { book.note(obstacle) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await host.keepRunning(book) }
      await breakEverything(host, book, .seconds(hasInsiders ? seconds * 0.7 : seconds), hasInsiders)
      if hasInsiders {
        await measure(.alone, host, book)
        await measure(.besieged, host, book)
        book.judgeTimes()
      }
      host.isEnding = true
    }
    await Audit(host, book).run()
    book.printSummary()
    await host.end()
    if keep { host.folder.keep() }
    if !book.violations.isEmpty { throw ExitCode(1) }
  }

  /// Load and faults, with insiders if there are any.
  private func breakEverything(_ host: DrillHost, _ book: Book, _ time: Duration, _ hasInsiders: Bool) async {
    let end = ContinuousClock.now + time
    await withTaskGroup(of: Void.self) { group in
      let faults = Faults(host, book, seed: seed)
      group.addTask { await faults.run(until: end) }
      if hasInsiders { group.addTask { await Insiders(host, book, appearance: 1).run() } }
      await load(host, book, 0, until: end)
      group.cancelAll()
    }
    if hasInsiders { await Insiders.clear(host, book) }
  }

  /// Load whose submits are timed.
  private func measure(_ measurement: Book.Measurement, _ host: DrillHost, _ book: Book) async {
    let time = Duration.seconds(seconds * 0.15)
    guard measurement == .besieged else { return await load(host, book, 1, until: .now + time, measurement) }
    if !host.ownsProcessesOfInsiders { book.note("\(Insider.user) has processes of others: none was killed") }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await Insiders(host, book, appearance: 2).run() }
      // They first open their connections, whose handshakes cost more than all they do afterwards.
      try? await Task.sleep(for: Self.settling)
      let end = ContinuousClock.now + time
      group.addTask { await Insiders.probe(host, book, until: end) }
      await load(host, book, 2, until: end, measurement)
      group.cancelAll()
    }
    await Insiders.clear(host, book)
  }

  /// The time that insiders have before submits are timed.
  private static let settling = Duration.seconds(5)

  private func load(
    _ host: DrillHost, _ book: Book, _ part: Int, until end: ContinuousClock.Instant,
    _ measurement: Book.Measurement? = nil
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for number in 1...clients {
        group.addTask {
          await Load(part * 1000 + number, host, book, seed: seed, measurement).run(until: end)
        }
      }
    }
  }
}
