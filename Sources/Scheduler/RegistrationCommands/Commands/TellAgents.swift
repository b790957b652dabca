import SchedulerRegistry
import Wording

extension Scheduler {
  /// The number of agents that are named if they could not be told.
  private static let named = 10

  /// Tells the agents of all connectors, those that are disabled as well, that there is a newer list to fetch.
  ///
  /// - Returns: nothing if no enrolment service publishes the lists of this scheduler, or if there are no agents.
  func tellAgents(_ record: RegistryRecord) -> CommandAnswer {
    guard let server = record.revocationListServer, !record.connectors.isEmpty else { return CommandAnswer() }
    let failures = notice(record.connectors).sorted { $0.key < $1.key }
    let count = record.connectors.count
    let told = "\(count - failures.count) of \(counted(count, "agent")) told to look now"
    let rest = failures.count - Self.named
    return CommandAnswer(
      ["agents fetch it from SERVE ENROLMENT at \(server): \(told)"],
      warnings: failures.prefix(Self.named).map { name, reason in
        "\(name) could not be told, and looks on its own schedule: \(reason)"
      } + (rest > 0 ? ["\(rest) more could not be told"] : []))
  }
}
