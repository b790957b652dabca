import CLinux
import Glibc
import SystemCalls

/// The privileges given up by those agentd processes that read bytes from strangers: the listener, the signer behind it, and renewal.
public enum Confinement: Sendable {
  /// TLS and HTTP on descriptors that are already open, with any number of threads.
  case listener
  /// Answers over sockets that are already open, on threads that have all been started and that each call `enter()`.
  case signer
  /// A request to a server over TLS, and a change of files, with the rights of the invoking user but without root's privileges.
  case renewal(Reach)
  /// Lookups in the host's databases, wherever these are: third-party modules open files and connections of their choice, but start no
  /// program.
  case resolver

  /// A part of the confinement that the kernel, or the environment of the process, does not permit.
  public struct Gap: Sendable, CustomStringConvertible {
    /// What remains possible as a result.
    public let consequence: String
    /// The cause.
    public let error: SystemError
    /// One line for the log.
    public var description: String { "\(consequence): \(error)" }
  }

  /// Permanently gives up capabilities, gaining privileges with execve(2), access to any file, socket or process except through an open
  /// descriptor, and all system calls that the role does not need.
  ///
  /// Call it before the process reads anything written by a stranger, after everything has been loaded from files, and before other threads
  /// exist, or else on each thread: confinement applies to the calling thread and the threads it starts.
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
    // Landlock and seccomp require it of processes without CAP_SYS_ADMIN.
    attempt("new privileges can be gained") { () throws(SystemError) in
      try checked("prctl") { clinux_forbid_new_privileges() }
    }
    if let reach {
      attempt("files can be opened (no landlock)") { () throws(SystemError) in try Landlock.deny(except: reach) }
    }
    if case .renewal = self { attempt("resources are not limited", ResourceLimits.set) }
    attempt("all system calls are allowed (no seccomp)") { () throws(SystemError) in try filter.install() }
    return gaps
  }

  /// The system call filter of the role.
  package var filter: CallFilter {
    switch self {
    case .listener: .listener
    case .signer: .signer
    case .renewal, .resolver: .renewal
    }
  }

  private var reach: Reach? {
    switch self {
    case .listener, .signer: Reach()
    case .renewal(let reach): reach
    case .resolver: nil
    }
  }

  /// Empties the bounding set, so that no execve(2) regains a capability, for this process and its children. Only root can do this, before
  /// it changes its user. For others it has no effect, and needs none: without new privileges, execve(2) grants no capability.
  public static func emptyBoundingSet() {
    var capability: UInt = 0
    while clinux_drop_from_bounding_set(capability) == 0 { capability += 1 }
  }
}
