import CLinux
import Glibc
import SystemCalls

/// Process 1 of a container: the kernel makes it the parent of whatever loses its own, and it has to wait for them, or their numbers
/// are never free again; see pid_namespaces(7).
enum FirstProcess {
  private static let forwarded = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]

  /// Leaves that to this process and returns in a child, which goes on as agentd. This process passes signals on to it, and exits
  /// as it does; what is left in the container then ends with it.
  ///
  /// For a process with one thread.
  static func split() throws(SystemError) {
    var mask = sigset_t()
    try checked("sigprocmask") { sigprocmask(SIG_BLOCK, nil, &mask) }
    // Before there is a child, so that none is lost: what process 1 does not ask for never reaches it.
    let signals = try SignalDescriptor(forwarded + [SIGCHLD])
    let child = try checked("fork", nil) { clinux_fork() }
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
      // As a shell says it: WIFSIGNALED and WEXITSTATUS, which Swift does not see.
      if ended == child { _exit(status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F) }
    }
  }
}
