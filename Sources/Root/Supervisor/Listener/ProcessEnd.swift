import Glibc
import SystemCalls

/// How a child of ours ended.
enum ProcessEnd: Equatable, CustomStringConvertible {
  case exited(Int32)
  case signalled(Int32)
  /// It was no child, or somebody else has waited for it.
  case unknown

  /// Takes the ended child away; waitpid(2).
  init(reaping process: ProcessHandle) {
    var status: Int32 = 0
    guard waitpid(process.processID, &status, WNOHANG) == process.processID else {
      self = .unknown
      return
    }
    // The macros WIFSIGNALED and WEXITSTATUS, which Swift does not see.
    let signal = status & 0x7F
    self = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
  }

  /// Whether a listener did not end of itself: it was killed, or found that its signer was.
  var isOfAnother: Bool {
    if case .signalled = self { return true }
    return self == .exited(EX_UNAVAILABLE)
  }

  /// As a log says it: `exited on signal 9`.
  var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .signalled(let signal): "exited on signal \(signal)"
    case .unknown: "is gone"
    }
  }
}
