import AgentProtocol
import Glibc
import TestSupport

/// The faults that daemons suffer, injected one after another at random.
final class Faults: Sendable {
  enum Fault: CaseIterable {
    case killListener, killSigner, killSupervisor, killServer, killShepherd
    case pauseListener, pauseSupervisor, pauseServer, pauseShepherd
    case fillDisk, useUpDescriptors, reload, setClock
  }

  private let host: DrillHost
  private let book: Book
  private let seed: UInt64

  init(_ host: DrillHost, _ book: Book, seed: UInt64) {
    self.host = host
    self.book = book
    self.seed = seed
  }

  func run(until end: ContinuousClock.Instant) async {
    var random = RandomSource(seed: seed, stream: 0)
    if !host.hasOwnDisk { book.note("not root, or not allowed to mount: the disk was not filled") }
    if DrillHost.fakeClock == nil { book.note("no libfaketime: the clock was not set") }
    while ContinuousClock.now < end {
      // Kills are more frequent than faults that take a while.
      let kinds =
        Fault.allCases + [
          .killListener, .killSigner, .killSupervisor, .killServer, .killShepherd, .killShepherd,
        ]
      await strike(kinds.randomElement(using: &random)!, &random)
      try? await Task.sleep(for: .milliseconds(Int.random(in: 50...600, using: &random)))
    }
  }

  private func strike(_ fault: Fault, _ random: inout RandomSource) async {
    switch fault {
    case .killListener: killOne(host.processes("agentd: listener"), "listener killed", &random)
    case .killSigner: killOne(host.processes("agentd: signer"), "signer killed", &random)
    case .killSupervisor: killSupervisor()
    case .killServer: killOne(host.processes("agentd: shepherds"), "shepherd server killed", &random)
    case .killShepherd: killShepherd(&random)
    case .pauseListener: await pause(host.processes("agentd: listener"), "listener paused", &random)
    case .pauseSupervisor: await pause(host.supervisorID.map { [$0] } ?? [], "supervisor paused", &random)
    case .pauseServer:
      await pause(
        host.processes("agentd: shepherds"), "shepherd server paused", &random, atMost: Self.longestServerPause)
    case .pauseShepherd: await pause(host.shepherds().map(\.process), "shepherd paused", &random)
    case .fillDisk: await starve("disk filled", &random) { host.setDisk(full: $0) }
    case .useUpDescriptors: await useUpDescriptors(&random)
    case .reload:
      if let process = host.supervisorID, kill(process, SIGHUP) == 0 { book.count("reload") }
    case .setClock:
      guard DrillHost.fakeClock != nil else { return }
      host.setClock(random.happens(0.3) ? nil : Int.random(in: -600...600, using: &random))
      killSupervisor()
      book.count("clock set")
    }
  }

  private func killOne(_ processes: [pid_t], _ name: String, _ random: inout RandomSource) {
    guard let process = processes.randomElement(using: &random), kill(process, SIGKILL) == 0 else { return }
    book.count(name)
  }

  private func killSupervisor() {
    guard let process = host.supervisorID else { return }
    let now = ContinuousClock.now
    // Recorded in advance, so that no job learns of its end before the book does.
    book.window(.supervisorKilled, from: now, to: now + .seconds(1))
    if kill(process, SIGKILL) == 0 { book.count("supervisor killed") }
  }

  private func killShepherd(_ random: inout RandomSource) {
    guard let (process, job) = host.shepherds().randomElement(using: &random), let id = JobID(job) else { return }
    book.change(id) { $0.hits.insert(.shepherdKilled) }
    if kill(process, SIGKILL) == 0 { book.count("shepherd killed") }
  }

  /// In milliseconds. agentd replaces a server that is paused for longer than 5 s, and may do so just before it continues.
  private static let longestServerPause = 7000

  private func pause(
    _ processes: [pid_t], _ name: String, _ random: inout RandomSource, atMost longest: Int = 1500
  ) async {
    guard let process = processes.randomElement(using: &random), kill(process, SIGSTOP) == 0 else { return }
    book.count(name)
    try? await Task.sleep(for: .milliseconds(Int.random(in: 100...longest, using: &random)))
    kill(process, SIGCONT)
  }

  private func starve(_ name: String, _ random: inout RandomSource, _ set: (Bool) -> Void) async {
    guard host.hasOwnDisk else { return }
    let begun = ContinuousClock.now
    let milliseconds = Int.random(in: 100...1500, using: &random)
    // Extends beyond the fault: a change that could not be written is retried.
    book.window(.starved, from: begun, to: begun + .milliseconds(milliseconds) + .seconds(3))
    set(true)
    book.count(name)
    try? await Task.sleep(for: .milliseconds(milliseconds))
    set(false)
  }

  private func useUpDescriptors(_ random: inout RandomSource) async {
    let processes = (host.supervisorID.map { [$0] } ?? []) + host.processes("agentd: listener")
    guard let process = processes.randomElement(using: &random) else { return }
    let begun = ContinuousClock.now
    let milliseconds = Int.random(in: 100...1500, using: &random)
    book.window(.starved, from: begun, to: begun + .milliseconds(milliseconds) + .seconds(3))
    let set = ["prlimit", "--pid", "\(process)"]
    guard let limit = try? await TestProcess(set + ["--nofile", "--noheadings", "-o", "SOFT"]).end().outputText,
      let soft = Int(limit.filter(\.isNumber)),
      (try? await TestProcess(set + ["--nofile=\(Processes.openFiles(of: process)):"]).end().end) == .exited(0)
    else { return }
    book.count("descriptors used up")
    try? await Task.sleep(for: .milliseconds(milliseconds))
    _ = try? await TestProcess(set + ["--nofile=\(soft):"]).end()
  }
}
