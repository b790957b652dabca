import AgentConfiguration
import CertificateImport
import ExitStatus
import SecretInput
import Values

/// Why a command was not carried out: one line with file, expectation, fact, and what to do.
public struct RegistrationError: Error, Equatable, Sendable, CustomStringConvertible {
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
    case let error as RegistrationError: self = error
    case let error as ConfigurationError: self.init(.configuration, error.description)
    case let error as ThumbprintError: self.init(.usage, error.description)
    // The words of an import, whichever command reads the file.
    case SecretInputError.tooLarge(let name, let limit):
      self.init(.data, "\(name): \(ImportRefusal.tooLarge(limit: limit))")
    default:
      if let told = ToldError(error, passwordOption: "-P FILE") {
        self.init(told.status, told.description)
      } else {
        self.init(.software, "\(error)")
      }
    }
  }
}
