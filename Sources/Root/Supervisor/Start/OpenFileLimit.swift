import AgentProtocol
import Glibc
import Logging

/// The limits on open descriptors, which bound how many jobs can run, each held by two, and how many connections there can be.
enum OpenFileLimit {
  /// Descriptors besides those of running jobs: ledger, links, sockets, outputs on their way to a listener.
  private static let others = 512

  /// How many a listener may come to have open.
  static func needed(by limits: ListenerLimits) -> Int {
    // A connection, and an output on its way over it; those that have not proven who they are, strangers or not.
    2 * limits.connections + 2 * limits.unauthenticated.full + others
  }

  /// Warns where the hard limit, which nothing here can raise, lets connections wait that the configuration allows.
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

  /// Raises the soft limit as far as `maxRunning` jobs need. Jobs inherit it, so it is left alone where it is enough.
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
