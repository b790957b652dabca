import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import SchedulerRegistry
import Wording

/// The names of agents on a command line.
enum AgentNames {
  static let help = ArgumentHelp(
    "The agent's name; or HOST[:PORT], with --cert.", valueName: "agent")

  /// Completes one name.
  static var single: CompletionKind {
    .custom { words, _, prefix in names(words).filter { $0.hasPrefix(prefix) } }
  }

  /// Completes the last part of a choice of agents.
  static var completion: CompletionKind {
    .custom { words, _, prefix in
      let parts = prefix.parts(at: ",")
      let before = parts.dropLast().map { "\($0)," }.joined()
      return (names(words) + labels(words)).map { before + $0 }.filter { $0.hasPrefix(prefix) }
    }
  }

  fileprivate static func inventory(_ words: [String]) -> AgentInventory? {
    let home = zip(words, words.dropFirst()).first { ["-H", "--home"].containsSame(as: $0.0) }?.1
    return try? IdentityOptions.parse(home.map { ["-H", $0] } ?? []).inventory()
  }

  fileprivate static func names(_ words: [String]) -> [String] {
    inventory(words)?.connectors.map(\.agentName) ?? []
  }

  private static func labels(_ words: [String]) -> [String] {
    let all = inventory(words)?.connectors.flatMap { $0.labels ?? [:] }.map { "\($0.key)=\($0.value)" } ?? []
    return Set(all).sorted()
  }
}

/// The ids of an agent's jobs on a command line.
enum JobNames {
  /// The number of jobs that are offered.
  private static let most = 50

  static var completion: CompletionKind {
    .custom { (words: [String], _: Int, prefix: String) async in await ids(words, prefix) }
  }

  /// Completes the agent, and after it, or after -a, the ids of its jobs.
  static var afterAgent: CompletionKind {
    .custom { (words: [String], _: Int, prefix: String) async in
      let names = AgentNames.names(words)
      let given = words.dropLast().contains { word in names.containsSame(as: word) }
      return given || words.contains("-a") ? await ids(words, prefix) : names.filter { $0.hasPrefix(prefix) }
    }
  }

  private static func ids(_ words: [String], _ prefix: String) async -> [String] {
    guard let inventory = AgentNames.inventory(words), let connector = chosen(words, inventory) else { return [] }
    var limits = ClientLimits()
    (limits.patience, limits.connectTime, limits.answerTime) = (0, 2, 2)
    var filter = JobFilter()
    filter.limit = most
    let jobs = try? await inventory.client(of: connector, limits: limits).jobs(filter).jobs
    return (jobs ?? []).map { "\($0.id)" }.filter { $0.hasPrefix(prefix) }
  }

  private static func chosen(_ words: [String], _ inventory: AgentInventory) -> ExecutorConnector? {
    if let named = words.lazy.compactMap({ inventory.connector(named: $0) }).first { return named }
    let patterns = zip(words, words.dropFirst()).filter { ["-a", "--agents"].containsSame(as: $0.0) }.map(\.1)
    return patterns.isEmpty ? nil : (try? inventory.connectors(matching: patterns))?.first { $0.isEnabled }
  }
}

/// Names of states, with commas between them.
enum StateNames {
  static var completion: CompletionKind {
    .custom { _, _, prefix in
      let before = prefix.parts(at: ",").dropLast().map { "\($0)," }.joined()
      return JobState.allCases.map { before + $0.rawValue }.filter { $0.hasPrefix(prefix) }
    }
  }
}
