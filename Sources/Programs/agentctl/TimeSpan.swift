import ArgumentParser
import Values

extension TimeSpan: ExpressibleByArgument {
  /// Parses an option's value.
  public init?(argument: String) { self.init(argument) }
}
