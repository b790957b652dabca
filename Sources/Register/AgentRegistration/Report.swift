import Console
import FoundationEssentials
import Wording

/// What a command has to say when it succeeded.
public struct Report: Sendable {
  /// For standard output.
  public var output: [UInt8] = []
  /// For standard error, one line each: what a person should know.
  public var warnings: [String] = []
  /// How the program ends.
  public var status = ExitStatus.success

  /// A report of lines.
  init(lines: [String] = [], warnings: [String] = []) {
    output = Array(lines.map { printable($0) + "\n" }.joined().utf8)
    self.warnings = warnings.map(printable)
  }

  /// A report in JSON.
  init(json value: some Encodable, warnings: [String] = []) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    output = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    self.warnings = warnings.map(printable)
  }
}
