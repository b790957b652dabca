import CLinux
import Glibc
import Logging
import Sandbox
import SystemCalls

/// What distinguishes the listener's process from any other that the same executable makes.
enum ProcessTraits {
  /// Keeps the memory from other processes of the same user. What the kernel does not have is left out, with a warning.
  static func hide(_ log: Logger) {
    // For ps(1) and top(1), which would show the "exe" of /proc/self/exe.
    clinux_set_name("agentd-listener")
    do throws(SystemError) {
      var none = rlimit(rlim_cur: 0, rlim_max: 0)
      try checked("setrlimit") { setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) }
      // Last: /proc/self belongs to root from here on.
      try checked("prctl") { clinux_forbid_dumps() }
    } catch { log.warning("core dumps cannot be disabled", metadata: ["error": "\(error)"]) }
  }

  /// Gives up all that it takes no longer; see `Confinement`.
  static func confine(_ log: Logger) {
    for gap in Confinement.listener.enter() {
      log.warning("the listener is not fully confined: \(gap.consequence)", metadata: ["error": "\(gap.error)"])
    }
  }

  /// The supervisor decides when the listener ends: what a terminal or killall(1) sends to both must not end it early.
  static func ignoreSignals() {
    for number in [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE] { signal(number, SIG_IGN) }
  }
}
