import CLinux
import Glibc
import SystemCalls

/// What agentd's processes give up that strangers' bytes reach: the listener, the signer behind it, and the renewal.
public enum Confinement: Sendable {
  /// TLS and HTTP on descriptors that are open already, on any number of threads.
  case listener
  /// Answers over sockets that are open already, on threads that have all been started, and each enter it.
  case signer
  /// A request to a server over TLS, and a change of files, with the rights of the user who does it but none of root's own.
  case renewal(Reach)

  /// A part of it that this kernel, or whatever the process runs in, does not let have.
  public struct Gap: Sendable, CustomStringConvertible {
    /// What is possible for lack of it.
    public let consequence: String
    /// Why.
    public let error: SystemError
    /// One line.
    public var description: String { "\(consequence): \(error)" }
  }

  /// Gives up, for good: capabilities, the gain of privileges by execve(2), every file, socket and process that is not
  /// reached by an open descriptor, and all system calls that the role does not need.
  ///
  /// To be called before the process reads what a stranger wrote, once everything is loaded that comes from files, and
  /// before it has other threads, or else on each: all of this is a thread's own and goes to those it starts.
  ///
  /// - Returns: what could not be given up; empty on Linux 6.12 and later.
  public func enter() -> [Gap] {
    var gaps: [Gap] = []
    func attempt(_ otherwise: String, _ body: () throws(SystemError) -> Void) {
      do throws(SystemError) { try body() } catch { gaps.append(Gap(consequence: otherwise, error: error)) }
    }
    attempt("capabilities cannot be dropped") { () throws(SystemError) in
      Self.emptyBoundingSet()
      try checked("capset") { clinux_drop_capabilities() }
    }
    // Landlock and seccomp want it of everybody who lacks CAP_SYS_ADMIN.
    attempt("new privileges can be gained") { () throws(SystemError) in
      try checked("prctl") { clinux_forbid_new_privileges() }
    }
    attempt("files can be opened (no landlock)") { () throws(SystemError) in try Landlock.deny(except: reach) }
    if case .renewal = self { attempt("resources are not limited", ResourceLimits.set) }
    attempt("all system calls are allowed (no seccomp)") { () throws(SystemError) in try filter.install() }
    return gaps
  }

  /// The calls that the role may make.
  package var filter: CallFilter {
    switch self {
    case .listener: .listener
    case .signer: .signer
    case .renewal: .renewal
    }
  }

  private var reach: Reach {
    switch self {
    case .listener, .signer: Reach()
    case .renewal(let reach): reach
    }
  }

  /// No execve(2) brings a capability back, for this process and its children. Only root may do this, and has to before it becomes
  /// another user; for everybody else it says nothing, since without new privileges no capability comes out of it.
  public static func emptyBoundingSet() {
    var capability: UInt = 0
    while clinux_drop_from_bounding_set(capability) == 0 { capability += 1 }
  }
}
