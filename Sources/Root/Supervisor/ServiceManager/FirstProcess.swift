import Glibc
import SystemCalls

/// Process 1 of a container; see pid_namespaces(7).
///
/// The kernel makes it the parent of all orphans, and it has to wait for them, or their process IDs are never freed.
enum FirstProcess {
  private static let forwarded = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]

  /// Leaves reaping to this process and returns in a child, which continues as agentd.
  ///
  /// This process forwards signals to it and exits with its status, which ends everything left in the container.
  ///
  /// Requires a single-threaded process.
  static func split() throws(SystemError) {
    var mask = sigset_t()
    try checked("sigprocmask") { sigprocmask(SIG_BLOCK, nil, &mask) }
    // Before the child exists, so that no signal is lost: process 1 never receives those that it does not ask for.
    let signals = try SignalDescriptor(forwarded + [SIGCHLD])
    let child = try forkPatiently()
    if child > 0 { attend(child, signals) }
    try checked("sigprocmask") { sigprocmask(SIG_SETMASK, &mask, nil) }
  }

  private static func attend(_ child: pid_t, _ signals: SignalDescriptor) -> Never {
    var readiness = pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0)
    while true {
      poll(&readiness, 1, -1)
      while let signal = try? signals.next() {
        if signal == SIGCHLD { reapAll(child) } else { kill(child, signal) }
      }
    }
  }

  private static func reapAll(_ child: pid_t) {
    var status: Int32 = 0
    while case let ended = waitpid(-1, &status, WNOHANG), ended > 0 {
      // As a shell reports it. The macros are WIFSIGNALED and WEXITSTATUS, which Swift cannot import.
      if ended == child { _exit(status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F) }
    }
  }
}
