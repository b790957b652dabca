import Glibc
import Logging

/// The limit on open descriptors, which bounds how many jobs can run: each is held by one.
enum OpenFileLimit {
  /// Descriptors besides those of running jobs: ledger, links, sockets, outputs on their way to a listener.
  private static let others = 512

  /// Raises the soft limit as far as `maxRunning` jobs need. Jobs inherit it, so it is left alone where it is enough.
  static func raise(forJobs maxRunning: Int, _ log: SupervisorLog) {
    let wanted = rlim_t(maxRunning + others)
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
