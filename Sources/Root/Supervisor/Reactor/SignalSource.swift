import CLinux
import Glibc
import SystemCalls

/// Delivers signals as events of the reactor, so that no code runs in a signal handler; signalfd(2).
final class SignalSource {
  private let descriptor: FileDescriptor
  private var watch: Reactor.Watch?

  /// Blocks `signals` for this process and calls `handler` for each one that arrives. Children have to unblock them.
  init(_ signals: [Int32], on reactor: Reactor, _ handler: @escaping (Int32) -> Void) throws(SystemError) {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    try checked("sigprocmask") { sigprocmask(SIG_BLOCK, &set, nil) }
    let descriptor = FileDescriptor(
      owning: try checked("signalfd") { signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK)) })
    self.descriptor = descriptor
    watch = try reactor.watch(descriptor, for: .readable) { _ in
      while let signal = Self.next(descriptor) { handler(signal) }
    }
  }

  private static func next(_ descriptor: FileDescriptor) -> Int32? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    return read(descriptor.raw, &info, size) == size ? Int32(info.ssi_signo) : nil
  }
}
