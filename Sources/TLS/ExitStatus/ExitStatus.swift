import CertificateStore
import Glibc
import SecretInput
import SystemCalls

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
  /// A service answers with what makes no sense.
  case `protocol` = 76
  /// The user may not do that.
  case noPermission = 77
  /// The configuration, or what is kept on the disk, is not in order, or lacks what the command needs.
  case configuration = 78
}

/// An error of the layers that all these programs stand on, as a person is told of it.
public struct ToldError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The status it leads to.
  public let status: ExitStatus
  /// One line, without the program's name.
  public let description: String

  /// - Returns: `nil` for errors of other layers.
  ///
  /// - Parameter passwordOption: how the program is given a file with a password, for where there is no terminal.
  public init?(_ error: any Error, passwordOption: String) {
    switch error {
    case let error as SystemError: self.init(error)
    case let error as StoreError: self.init(error)
    case let error as SecretInputError: self.init(error, passwordOption)
    default: return nil
    }
  }

  private init(_ status: ExitStatus, _ description: String) {
    (self.status, self.description) = (status, description)
  }

  private init(_ error: SystemError) {
    switch error.code {
    case EACCES, EPERM, EROFS:
      self.init(.noPermission, "\(error)\(error.subject.flatMap(FileOwner.hint) ?? "")")
    case EIO, ENOSPC, EDQUOT, EFBIG: self.init(.inputOutput, error.description)
    // Inputs are opened by SecretInput, which has errors of its own.
    case ENOENT, ENOTDIR, EISDIR: self.init(.cannotCreate, error.description)
    default: self.init(.system, error.description)
    }
  }

  private init(_ error: StoreError) {
    switch error {
    case .system(let error): self.init(error)
    case .otherOwner, .insecure: self.init(.noPermission, error.description)
    case .damaged, .noKey: self.init(.configuration, error.description)
    case .full: self.init(.cannotCreate, error.description)
    }
  }

  private init(_ error: SecretInputError, _ passwordOption: String) {
    switch error {
    case .noTerminal: self.init(.noInput, "\(error); give it with \(passwordOption)")
    case .cannotOpen: self.init(.noInput, error.description)
    case .tooLarge, .noPassword: self.init(.data, error.description)
    case .failed: self.init(.inputOutput, error.description)
    }
  }
}
