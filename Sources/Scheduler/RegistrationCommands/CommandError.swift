import CertificateAuthority
import CommandGrammar
import ExitStatus
import SchedulerRegistry

/// Why a command was not carried out: one line with file, expectation, fact, and what to do.
public struct CommandError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The line, without the program's name.
  public let description: String
  /// The exit status it leads to.
  public let status: ExitStatus

  public init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }

  /// The form for people of an error of the layers below.
  public init(_ error: any Error) {
    switch error {
    case let error as CommandError: self = error
    case let error as GrammarError: self.init(.usage, error.description)
    case let error as AuthorityError: self.init(.configuration, error.description)
    case let error as RegistryError: self.init(registry: error)
    default:
      if let told = ToldError(error, passwordOption: "/PASSWORDFILE=FILE") {
        self.init(told.status, told.description)
      } else {
        self.init(.software, "\(error)")
      }
    }
  }

  private init(registry error: RegistryError) {
    switch error {
    case .otherOwner, .insecure: self.init(.noPermission, error.description)
    case .damaged: self.init(.configuration, error.description)
    case .system(let error): self.init(error)
    }
  }
}
