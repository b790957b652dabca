import Glibc
import SystemCalls

/// How a child process ended.
enum ProcessEnd: Equatable, CustomStringConvertible {
  case exited(Int32)
  case signalled(Int32)
  /// It was not a child, or was already waited for.
  case unknown

  /// Reaps the ended child; waitpid(2).
  init(reaping process: ProcessHandle) {
    var status: Int32 = 0
    guard waitpid(process.processID, &status, WNOHANG) == process.processID else {
      self = .unknown
      return
    }
    // The macros WIFSIGNALED and WEXITSTATUS, which Swift cannot import.
    let signal = status & 0x7F
    self = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
  }

  /// Whether a listener did not end on its own: it was killed, or found that its signer was.
  var isOfAnother: Bool {
    if case .signalled = self { return true }
    return self == .exited(EX_UNAVAILABLE)
  }

  /// The end as logs show it: `exited on signal 9`.
  var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .signalled(let signal): "exited on signal \(signal)"
    case .unknown: "is gone"
    }
  }
}
