import CLinux
import Glibc

/// What agentd needs of the kernel, and of a container runtime that stands between them. Checked first: in the middle of the work each of
/// these would be an error that nobody understands, or end the process.
enum KernelNeeds {
  private static let calls: [(name: String, call: clinux_call)] = [
    ("clone3", CLINUX_CALL_CLONE3), ("pidfd_open", CLINUX_CALL_PIDFD_OPEN),
    ("pidfd_send_signal", CLINUX_CALL_PIDFD_SEND_SIGNAL), ("waitid with P_PIDFD", CLINUX_CALL_WAITID_PIDFD),
    ("memfd_create", CLINUX_CALL_MEMFD_CREATE), ("execveat", CLINUX_CALL_EXECVEAT),
    ("getrandom", CLINUX_CALL_GETRANDOM),
  ]

  /// Throws if something is missing, with what to do.
  static func check() throws(StartFailure) {
    for (name, call) in calls {
      let code = clinux_refusal_of_call(call)
      if code != 0 { throw refusal(of: name, code) }
    }
    if access("/proc/self/stat", R_OK) != 0 {
      throw StartFailure(EX_OSFILE, "agentd needs /proc, which is not mounted: mount -t proc proc /proc")
    }
  }

  private static func refusal(of name: String, _ code: Int32) -> StartFailure {
    let reason = String(cString: strerror(code))
    let remedy =
      name == "clone3"
      ? "the C library accepts ENOSYS, but not this; update the container runtime (Docker 20.10.10 or later), or its seccomp "
        + "profile"
      : "agentd needs Linux 5.4 or later, and a container runtime whose seccomp profile allows it (Docker 20.10.10 or later)"
    return StartFailure(EX_OSERR, "the kernel or container runtime refuses \(name): \(reason); \(remedy)")
  }
}
