import Wording

/// The names of signals as in signal(7).
public enum SignalName {
  /// Returns the name of any signal: `SIGRTMIN+N` for real-time signals, `signal N` for one without a name.
  public static func of(_ number: Int32) -> String {
    if names.indices.contains(Int(number) - 1) { return "SIG" + names[Int(number) - 1] }
    return number >= firstRealTime && number <= last ? "SIGRTMIN+\(number - firstRealTime)" : "signal \(number)"
  }

  /// Returns the number of the signal with a name as `of(_:)` returns it; `nil` for any other text.
  public static func number(of name: String) -> Int32? { (1...last).first { name.isSame(as: of($0)) } }

  /// glibc reserves 32 and 33.
  private static let firstRealTime: Int32 = 34
  private static let last: Int32 = 64

  /// The same names on x86 and ARM.
  private static let names = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
  ]
}
