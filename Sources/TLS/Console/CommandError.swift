import CertificateStore
import Glibc
import SystemCalls

/// Why a command failed: one line with file, expectation, fact and remedy.
public struct CommandError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The line, without the program's name.
  public let description: String
  /// The exit status that it causes.
  public let status: ExitStatus

  public init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }

  /// Creates the readable form of an error from the layers that all these programs share. Any other error is a bug in the program.
  ///
  /// - Parameter passwordOption: the option that names a password file, for use without a terminal.
  public init(_ error: any Error, passwordOption: String) {
    switch error {
    case let error as CommandError: self = error
    case let error as SystemError: self.init(system: error)
    case let error as StoreError: self.init(store: error)
    case let error as SecretInputError: self.init(secret: error, passwordOption)
    default: self.init(.software, "\(error)")
    }
  }

  private init(system error: SystemError) {
    switch error.code {
    case EACCES, EPERM, EROFS:
      self.init(.noPermission, "\(error)\(error.subject.flatMap(FileOwner.hint) ?? "")")
    case EIO, ENOSPC, EDQUOT, EFBIG: self.init(.inputOutput, error.description)
    // Inputs are opened by SourceFile, which throws SecretInputError.
    case ENOENT, ENOTDIR, EISDIR: self.init(.cannotCreate, error.description)
    default: self.init(.system, error.description)
    }
  }

  private init(store error: StoreError) {
    switch error {
    case .system(let error): self.init(system: error)
    case .otherOwner, .insecure: self.init(.noPermission, error.description)
    case .damaged, .noKey: self.init(.configuration, error.description)
    case .full: self.init(.cannotCreate, error.description)
    }
  }

  private init(secret error: SecretInputError, _ passwordOption: String) {
    switch error {
    case .noTerminal: self.init(.noInput, "\(error); give it with \(passwordOption)")
    case .cannotOpen: self.init(.noInput, error.description)
    case .tooLarge, .noPassword: self.init(.data, error.description)
    case .failed: self.init(.inputOutput, error.description)
    }
  }
}
