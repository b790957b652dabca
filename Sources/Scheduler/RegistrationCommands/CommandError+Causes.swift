import CertificateAuthority
import CommandGrammar
import Console
import SchedulerRegistry

extension CommandError {
  /// Converts an error of the lower layers for users.
  public init(_ error: any Error) {
    switch error {
    case let error as GrammarError: self.init(.usage, error.description)
    case let error as AuthorityError: self.init(.configuration, error.description)
    case let error as RegistryError: self.init(registry: error)
    default: self.init(error, passwordOption: "/PASSWORDFILE=FILE")
    }
  }

  private init(registry error: RegistryError) {
    switch error {
    case .otherOwner, .insecure: self.init(.noPermission, error.description)
    case .damaged, .full: self.init(.configuration, error.description)
    case .system(let error): self.init(error)
    }
  }
}
