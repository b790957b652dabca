import CLinux
import Glibc

/// A process held by a pidfd: it names this process and no later one that got the same number; see pidfd_open(2).
public final class ProcessHandle: Sendable {
  /// The pidfd. It polls readable when the process has ended.
  public let descriptor: FileDescriptor
  /// The process number, for logs.
  public let processID: pid_t

  /// Takes hold of a running process, which need not be a child.
  ///
  /// Between the caller's learning the number and this call the process may have ended and its number been given to
  /// another: check afterwards by something that only the right one does, such as a lock it holds.
  public init(_ processID: pid_t) throws(SystemError) {
    descriptor = FileDescriptor(
      owning: try checked("pidfd_open", "process \(processID)") { clinux_pidfd_open(processID) })
    self.processID = processID
  }

  /// Sends a signal; see pidfd_send_signal(2). Throws with `ESRCH` if the process has ended.
  public func send(_ signal: Int32) throws(SystemError) {
    let raw = descriptor.raw
    try checked("pidfd_send_signal", "process \(processID)") { clinux_pidfd_send_signal(raw, signal) }
  }
}
