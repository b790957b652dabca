import AgentConfiguration
import CertificateImport
import CertificateStore
import Console
import Values

extension CommandError {
  /// Creates the readable form of an error from the layers below.
  public init(_ error: any Error) {
    switch error {
    case let error as ConfigurationError: self.init(.configuration, error.description)
    case let error as ThumbprintError: self.init(.usage, error.description)
    // The words of an import, whichever command reads the file.
    case SecretInputError.tooLarge(let name, let limit):
      self.init(.data, "\(name): \(ImportRefusal.tooLarge(limit: limit))")
    default: self.init(error, passwordOption: "-P FILE")
    }
  }
}
