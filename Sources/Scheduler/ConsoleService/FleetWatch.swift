import AgentClient
import AgentInventory
import AgentProtocol
import Glibc
import SchedulerRegistry
import Values
import Wording

/// The agents of a scheduler, asked again and again as long as somebody looks.
actor FleetWatch {
  /// The maximum number of agents that are asked at once.
  private static let width = 256
  /// How often the round looks for what is due.
  private static let beat = Duration.milliseconds(250)
  /// How long the agents are asked after the last request of a page.
  private static let attention = Duration.seconds(45)
  /// How often an agent's revocation lists are read, which takes its metrics.
  private static let listsTime = Duration.seconds(600)
  private static let samples = 240

  private struct Entry {
    var connector: ExecutorConnector
    var agent: FleetAgent
    var revision: UInt64
    var client: AgentClient?
    var due = ContinuousClock.now
    var listsDue: (date: Timestamp?, read: ContinuousClock.Instant)?
    var isAsked = false
    var load: [LoadSample] = []
  }

  private let registry: SchedulerRegistry
  private var inventory: AgentInventory
  /// All that the credentials depend on: while it stays, connections are kept.
  private var essence = RegistryRecord()
  private var seen: RegistryFiles?
  private var trouble: String?
  private var entries: [ExactText: Entry] = [:]
  private var revision: UInt64 = 1
  /// The revision at the last removal of an agent: older pages get all agents.
  private var removal: UInt64 = 1
  private var asked = 0
  private var lastLook: ContinuousClock.Instant?
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var sleeper: CheckedContinuation<Void, Never>?
  private var told: UInt64 = 0

  /// Reads the registry.
  ///
  /// - Throws: `RegistryError`, or `StoreError`.
  init(_ registry: SchedulerRegistry) throws {
    self.registry = registry
    inventory = try AgentInventory(registry)
  }
}

/// What pages ask.
extension FleetWatch {
  /// Returns the agents that have changed since a revision, when there are some, or after `seconds`.
  func changes(after known: UInt64, wait seconds: Double) async -> FleetChanges {
    look()
    let end = ContinuousClock.now + .seconds(seconds)
    while known >= revision, ContinuousClock.now < end { await withCheckedContinuation { waiting.append($0) } }
    look()
    let isAll = known < removal || known > revision
    let changed = entries.values.filter { isAll || $0.revision > known }.map(\.agent)
    return FleetChanges(revision: revision, isAll: isAll, agents: changed, trouble: trouble)
  }

  /// Returns an agent, with how busy it was.
  ///
  /// - Throws: `ConsoleRefusal` if there is no such agent.
  func agent(_ name: String) throws -> (agent: FleetAgent, load: [LoadSample]) {
    look()
    let entry = try entry(name)
    return (entry.agent, entry.load)
  }

  /// The agents that can be asked, and those that cannot, with the reason.
  func askable() -> (able: [(name: String, client: AgentClient)], away: [(name: String, reason: String)]) {
    look()
    var (able, away) = ([(String, AgentClient)](), [(String, String)]())
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) where entry.connector.isEnabled {
      if let reason = entry.agent.reason {
        away.append((name.text, reason))
      } else if let client = try? client(name.text) {
        able.append((name.text, client))
      }
    }
    return (able, away)
  }

  /// Returns a client for an agent.
  ///
  /// - Throws: `ConsoleRefusal` if there is no such agent, or it is disabled; an error of our own certificates.
  func client(_ name: String) throws -> AgentClient {
    let entry = try entry(name)
    guard entry.connector.isEnabled else { throw ConsoleRefusal(.conflict, "\(name) is disabled; enable it first") }
    if let client = entry.client { return client }
    var limits = ClientLimits()
    limits.patience = 0
    limits.connectTime = 5
    limits.answerTime = 10
    let client = try inventory.client(of: entry.connector, limits: limits)
    entries[ExactText(name)]?.client = client
    return client
  }

  /// Enables or disables an agent, as agentctl does.
  func setEnabled(_ isEnabled: Bool, _ name: String) throws {
    _ = try entry(name)
    try registry.setEnabled(isEnabled, [name])
    refresh()
    ask(again: name)
  }

  /// Has an agent asked at once, whose jobs have just been changed.
  func ask(again name: String) {
    entries[ExactText(name)]?.due = .now
    look()
  }

  private func entry(_ name: String) throws -> Entry {
    guard let entry = entries[ExactText(name)] else {
      throw ConsoleRefusal(.notFound, "there is no agent \(name) in \(registry.home)")
    }
    return entry
  }

  /// Notes that somebody looks.
  private func look() {
    lastLook = .now
    sleeper?.resume()
    sleeper = nil
  }
}

/// The round.
extension FleetWatch {
  /// Asks the agents, until the program ends.
  func run() async {
    refresh()
    while true {
      guard let lastLook, lastLook.duration(to: .now) < Self.attention else {
        for key in entries.keys { forgetClient(key) }
        await withCheckedContinuation { sleeper = $0 }
        continue
      }
      refresh()
      askThoseDue()
      tell()
      try? await Task.sleep(for: Self.beat)
    }
  }

  /// How often an agent is asked: a fleet costs at most fifty requests a second.
  private var interval: Duration { .seconds(max(3, Double(entries.count) / 50)) }

  private func askThoseDue() {
    let now = ContinuousClock.now
    let due = entries.filter { $0.value.connector.isEnabled && !$0.value.isAsked && $0.value.due <= now }
    for (key, _) in due.sorted(by: { $0.value.due < $1.value.due }).prefix(max(0, Self.width - asked)) {
      entries[key]?.isAsked = true
      asked += 1
      Task { await self.ask(key) }
    }
  }

  private func ask(_ key: ExactText) async {
    let readLists = entries[key]?.listsDue.map { $0.read.duration(to: .now) > Self.listsTime } ?? true
    var found: AgentState
    var lists: Timestamp?
    let client = try? client(key.text)
    do {
      guard let client else { throw AgentError.unusable("the certificates of this side cannot be used") }
      found = .online(try await client.status())
      if readLists, case .online = found { lists = Self.firstList(in: try await client.metrics()) }
    } catch {
      found = (try? AgentInventory.state(for: error)) ?? .offline("\(error)")
    }
    asked -= 1
    entries[key]?.isAsked = false
    // Meanwhile it may have been disabled, or replaced.
    guard let entry = entries[key], entry.connector.isEnabled, entry.client === client else { return }
    if case .online(let status) = found {
      if readLists { entries[key]?.listsDue = (lists, .now) }
      entries[key]?.load.append(LoadSample(at: .now(), running: status.running, queued: status.queued))
      if entry.load.count >= Self.samples { entries[key]?.load.removeFirst() }
    } else {
      forgetClient(key)
    }
    let next = ContinuousClock.now + interval
    entries[key]?.due = next
    show(key) { [lists = entries[key]?.listsDue?.date] in $0.update(found, listsDue: lists, now: .now()) }
  }

  private static func firstList(in metrics: String) -> Timestamp? {
    metrics.parts(at: "\n").filter { $0.begins(with: "agentd_revocation_list_next_update_timestamp_seconds{") }
      .compactMap { $0.parts(at: " ").last.flatMap(Double.init) }.min()
      .map { Timestamp(seconds: Int64($0)) }
  }

  private func forgetClient(_ key: ExactText) {
    entries[key]?.client?.close()
    entries[key]?.client = nil
  }

  /// Changes what is shown of an agent.
  private func show(_ key: ExactText, _ change: (inout FleetAgent) -> Void) {
    guard var agent = entries[key]?.agent else { return }
    let before = agent
    change(&agent)
    guard agent != before else { return }
    revision += 1
    entries[key]?.agent = agent
    entries[key]?.revision = revision
  }

  /// Answers who waits: once a beat, so that many changes are one answer. Waits of others that have ended are noticed here too.
  private func tell() {
    for continuation in waiting { continuation.resume() }
    waiting = []
  }
}

/// The registry, which other programs change.
extension FleetWatch {
  private func refresh() {
    let files = RegistryFiles(registry.home)
    guard files != seen || trouble != nil else { return }
    do {
      var record = try registry.record()
      let connectors = record.connectors
      record.connectors = []
      if record != essence || files.store != seen?.store || trouble != nil {
        inventory = try AgentInventory(registry)
        essence = record
        for key in entries.keys { forgetClient(key) }
      }
      setConnectors(connectors)
      seen = files
      if trouble != nil { revision += 1 }
      trouble = nil
    } catch {
      if trouble == nil { revision += 1 }
      trouble = "\(error)"
    }
  }

  private func setConnectors(_ connectors: [ExecutorConnector]) {
    let names = Set(connectors.map { ExactText($0.agentName) })
    for key in entries.keys where !names.contains(key) {
      forgetClient(key)
      entries[key] = nil
      revision += 1
      removal = revision
    }
    for connector in connectors {
      let key = ExactText(connector.agentName)
      if entries[key]?.connector == connector { continue }
      forgetClient(key)
      revision += 1
      var entry = Entry(connector: connector, agent: FleetAgent(connector), revision: revision)
      entry.isAsked = entries[key]?.isAsked ?? false
      entry.load = entries[key]?.load ?? []
      if !connector.isEnabled { entry.agent.update(.disabled, listsDue: nil, now: .now()) }
      entries[key] = entry
    }
  }
}

/// The files of a registry, to notice that they were replaced.
private struct RegistryFiles: Equatable {
  let record: [Int]
  let store: [Int]

  init(_ home: String) {
    record = Self.mark("\(home)/registry.json")
    store = Self.mark("\(home)/store/current")
  }

  /// Numbers that differ after the file, or the link itself, was replaced; empty if there is none.
  private static func mark(_ path: String) -> [Int] {
    var status = stat()
    guard lstat(path, &status) == 0 else { return [] }
    return [Int(status.st_dev), Int(status.st_ino), status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
  }
}
