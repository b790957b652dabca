import Glibc
import SystemCalls

/// The resource limits of a renewal; far more than it needs.
enum ResourceLimits {
  private static let limits: [(resource: __rlimit_resource, most: rlim_t)] = [
    (RLIMIT_CORE, 0),  // the memory holds a private key
    (RLIMIT_CPU, 120), (RLIMIT_DATA, 1 << 30), (RLIMIT_FSIZE, 1 << 26), (RLIMIT_NOFILE, 256),
  ]

  /// Sets the limits permanently; lower limits stay as they are.
  static func set() throws(SystemError) {
    for (resource, most) in limits {
      var limit = rlimit()
      try checked("getrlimit") { getrlimit(__rlimit_resource_t(resource.rawValue), &limit) }
      limit.rlim_max = min(limit.rlim_max, most)
      limit.rlim_cur = min(limit.rlim_cur, most)
      try checked("setrlimit") { setrlimit(__rlimit_resource_t(resource.rawValue), &limit) }
    }
  }
}
