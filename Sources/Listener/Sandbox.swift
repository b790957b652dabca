import CLinux
import Glibc
import Logging
import SystemCalls

/// What the listener gives up before it reads a byte that somebody else wrote.
enum Sandbox {
  /// For the whole process, for good. What the kernel does not have is left out, with a warning.
  static func enter(_ log: Logger) {
    // For ps(1) and top(1), which would show the "exe" of /proc/self/exe.
    clinux_set_name("agentd-listener")
    attempt("new privileges cannot be ruled out", log) { () throws(SystemError) in
      try checked("prctl") { clinux_forbid_new_privileges() }
    }
    attempt("core dumps cannot be ruled out", log) { () throws(SystemError) in
      var none = rlimit(rlim_cur: 0, rlim_max: 0)
      try checked("setrlimit") { setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) }
      // Last: /proc/self belongs to root from here on.
      try checked("prctl") { clinux_forbid_dumps() }
    }
  }

  /// The supervisor decides when the listener ends: what a terminal or killall(1) sends to both must not end it early.
  static func ignoreSignals() {
    for number in [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE] { signal(number, SIG_IGN) }
  }

  private static func attempt(_ otherwise: String, _ log: Logger, _ body: () throws(SystemError) -> Void) {
    do throws(SystemError) { try body() } catch { log.warning("\(otherwise)", metadata: ["error": "\(error)"]) }
  }
}
