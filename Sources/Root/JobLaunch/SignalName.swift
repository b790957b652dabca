import Glibc

/// The names of signals as in signal(7).
enum SignalName {
  /// Returns the name of any signal: `SIGRTMIN+N` for real-time signals, `signal N` for one without a name.
  static func of(_ number: Int32) -> String {
    if names.indices.contains(Int(number) - 1) { return "SIG" + names[Int(number) - 1] }
    return number >= firstRealTime && number <= 64 ? "SIGRTMIN+\(number - firstRealTime)" : "signal \(number)"
  }

  /// glibc reserves 32 and 33.
  private static let firstRealTime: Int32 = 34

  /// The same names on x86 and ARM.
  private static let names = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
  ]
}
