/// A client with few rights that misbehaves: what it does, and as whom.
///
/// Each has its own certificate below the root of the good clients, and thereby its own shares.
enum Insider: String, CaseIterable, Sendable {
  /// Waits for the end of a job of its own, on many connections.
  case waits
  /// Opens streams of events and leaves them idle.
  case events
  /// Begins submits whose bodies never end.
  case bodies
  /// Submits jobs with the ids that the good clients use or are about to use.
  case ids
  /// Runs jobs that write too much, or sparse files.
  case outputs
  /// Take places in the queue; two of them, because together they get more than the share of one.
  case places, crowd
  /// Runs jobs that kill all processes that they may kill.
  case signals
  /// Runs jobs with many processes, some of which try to get away.
  case processes
  /// Tries to see, cancel and delete jobs of the good clients, and to run jobs as other users.
  case thief
  /// Does the same, and may not even submit.
  case reader

  /// The user that the jobs of all of them run as; those of the good clients run as another.
  static let user = "daemon"

  var name: String { "insider-\(rawValue)" }
  /// The subject of its certificate, as agentd shows it.
  var subject: String { "CN=\(name)" }
  var isReadOnly: Bool { self == .reader }

  /// The tables of agentd.toml for the good clients and the insiders.
  static func tables(scheduler: String) -> String {
    let insiders = allCases.map { insider in
      """
      [[client]]
      certificate = "\(insider.subject)"
      users = ["\(user)"]
      default_user = "\(user)"
      read_only = \(insider.isReadOnly)
      """
    }
    return """
      [[client]]
      certificate = "\(scheduler)"
      jobs = "all"
      default_user = "nobody"
      \(insiders.joined(separator: "\n"))
      """
  }
}
