/// How the programs of this package end that are called by people: the same number means the same in all; sysexits.h(3head).
public enum ExitStatus: Int32, Sendable {
  /// All done.
  case success = 0
  /// The answer is no: a client would not be let in.
  case refused = 1
  /// The command line is wrong.
  case usage = 64
  /// An input is not what it should be.
  case data = 65
  /// An input cannot be opened or read.
  case noInput = 66
  /// A service does not answer.
  case unavailable = 69
  /// A fault of this program.
  case software = 70
  /// The operating system failed.
  case system = 71
  /// An output cannot be made.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// It cannot be done now, and may be later.
  case temporary = 75
  /// A service answers with what makes no sense.
  case `protocol` = 76
  /// The user may not do that.
  case noPermission = 77
  /// The configuration, or what is kept on the disk, is not in order, or lacks what the command needs.
  case configuration = 78
}
