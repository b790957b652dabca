import ArgumentParser
import Values

extension TimeSpan: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
