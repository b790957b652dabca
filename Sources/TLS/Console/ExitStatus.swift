/// The exit status of all user commands in this package: a number means the same in each; sysexits.h(3head).
public enum ExitStatus: Int32, Sendable {
  /// The command succeeded.
  case success = 0
  /// The answer is no: a client would be refused.
  case refused = 1
  /// The command line is wrong.
  case usage = 64
  /// An input is invalid.
  case data = 65
  /// An input cannot be opened or read.
  case noInput = 66
  /// A service does not answer.
  case unavailable = 69
  /// A bug in this program.
  case software = 70
  /// An error of the operating system.
  case system = 71
  /// An output cannot be created.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// A temporary failure; a later attempt may succeed.
  case temporary = 75
  /// A service gives an invalid answer.
  case `protocol` = 76
  /// The user does not have permission.
  case noPermission = 77
  /// The configuration or stored data is faulty, or lacks what the command needs.
  case configuration = 78
}
