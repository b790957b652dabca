import CertificateAuthority
import CommandGrammar
import Console
import SchedulerRegistry

extension CommandError {
  /// The form for people of an error of the layers below.
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
    case .damaged: self.init(.configuration, error.description)
    case .system(let error): self.init(error)
    }
  }
}
