import Glibc
import SchedulerRegistry

/// A choice of agents as it is typed: patterns of glob(7) or labels, with commas between them, such as `web*,site=berlin,!web3`.
///
/// `!` excludes, and `+` between two parts means that both must match. Only exclusions choose all others.
struct AgentSelection {
  /// What one part between commas chooses.
  private struct Choice {
    let text: String
    let conditions: [String]
    let excludes: Bool

    init(_ text: String) {
      excludes = text.utf8.first == UInt8(ascii: "!")
      self.text = text
      let rest = excludes ? String(decoding: text.utf8.dropFirst(), as: UTF8.self) : text
      conditions = rest.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    }

    func matches(_ connector: ExecutorConnector) -> Bool {
      conditions.allSatisfy { condition in
        guard let equals = condition.utf8.firstIndex(of: UInt8(ascii: "=")) else {
          return Self.matches(connector.agentName, condition)
        }
        let value = connector.labels?[String(condition[..<equals])]
        return value.map { Self.matches($0, String(condition[condition.utf8.index(after: equals)...])) } ?? false
      }
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
      fnmatch(pattern.lowercased(), text.lowercased(), 0) == 0
    }
  }

  private let choices: [Choice]

  init(_ words: [String]) {
    // An empty part, as of a variable of the shell that is not set, matches nothing: it must not mean all agents.
    choices = words.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map { Choice(String($0)) } }
  }

  /// Returns a part that matches none of the agents; nil if there is none.
  func unmatched(_ connectors: [ExecutorConnector]) -> String? {
    choices.first { choice in !connectors.contains { choice.matches($0) } }?.text
  }

  func includes(_ connector: ExecutorConnector) -> Bool {
    if choices.contains(where: { $0.excludes && $0.matches(connector) }) { return false }
    return choices.allSatisfy(\.excludes) || choices.contains { !$0.excludes && $0.matches(connector) }
  }
}
