import AgentProtocol
import Glibc
import Logging

/// The limit on open descriptors, which bounds the number of running jobs, with two descriptors each, and of connections.
enum OpenFileLimit {
  /// Descriptors other than those of running jobs: ledger, links, sockets, outputs being passed to a listener.
  private static let others = 512

  /// Returns how many descriptors a listener may need.
  static func needed(by limits: ListenerLimits) -> Int {
    // Each connection, and an output sent over it; connections that have not authenticated, from strangers or not.
    2 * limits.connections + 2 * limits.unauthenticated.full + others
  }

  /// Warns if the hard limit, which nothing here can raise, is too low for the connections that the configuration allows.
  static func check(_ limits: ListenerLimits, _ log: SupervisorLog) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_max < needed(by: limits)
    else {
      return
    }
    log.logger.warning(
      "open files are limited to \(limit.rlim_max): raise the limit (LimitNOFILE=) to \(needed(by: limits)), or lower connections in [limits]"
    )
  }

  /// Raises the soft limit as far as `maxRunning` jobs need. Jobs inherit it, so it is left alone if it is sufficient.
  static func raise(forJobs maxRunning: Int, _ log: SupervisorLog) {
    let wanted = rlim_t(2 * maxRunning + others)
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else { return }
    limit.rlim_cur = min(wanted, limit.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    if limit.rlim_cur < wanted {
      log.logger.warning(
        "open files are limited to \(limit.rlim_cur): raise the limit (LimitNOFILE=) to \(wanted), or lower max_running"
      )
    }
  }
}
