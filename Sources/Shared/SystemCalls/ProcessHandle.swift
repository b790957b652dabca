import CLinux
import Glibc

/// A process held by a pidfd: it refers to this process, never to a later one with the same number; see pidfd_open(2).
public final class ProcessHandle: Sendable {
  /// The pidfd. It polls as readable once the process has ended.
  public let descriptor: FileDescriptor
  /// The process ID, for logs.
  public let processID: pid_t

  /// Opens a running process, which need not be a child.
  ///
  /// The process may have ended before this call, and its number may have been reused: check afterwards by something that only the right
  /// process has, such as a lock it holds.
  public init(_ processID: pid_t) throws(SystemError) {
    descriptor = FileDescriptor(
      owning: try checked("pidfd_open", "process \(processID)") { clinux_pidfd_open(processID) })
    self.processID = processID
  }

  /// Takes ownership of `descriptor`, the pidfd of this process.
  public init(_ processID: pid_t, owning descriptor: FileDescriptor) {
    (self.processID, self.descriptor) = (processID, descriptor)
  }

  /// Kills a child and waits for it: SIGKILL does not take long.
  public func killAndWait() {
    try? send(SIGKILL)
    waitpid(processID, nil, 0)
  }

  /// Sends a signal; see pidfd_send_signal(2). Throws `ESRCH` if the process has ended.
  public func send(_ signal: Int32) throws(SystemError) {
    let raw = descriptor.raw
    try checked("pidfd_send_signal", "process \(processID)") { clinux_pidfd_send_signal(raw, signal) }
  }

  /// Sends a signal with a value, which `SignalDescriptor.nextWithValue()` returns in the other process; see sigqueue(3). Throws `ESRCH` if
  /// the process has ended.
  public func send(_ signal: Int32, value: Int32) throws(SystemError) {
    let raw = descriptor.raw
    try checked("pidfd_send_signal", "process \(processID)") { clinux_pidfd_queue_signal(raw, signal, value) }
  }
}
