import Console
import FoundationEssentials
import Wording

/// The output of a successful command.
public struct Report: Sendable {
  /// The bytes for standard output.
  public var output: [UInt8] = []
  /// Warnings for standard error, one line each.
  public var warnings: [String] = []
  /// The program's exit status.
  public var status = ExitStatus.success

  /// Creates a report of lines.
  init(lines: [String] = [], warnings: [String] = []) {
    output = Array(lines.map { printable($0) + "\n" }.joined().utf8)
    self.warnings = warnings.map(printable)
  }

  /// Creates a report in JSON.
  init(json value: some Encodable, warnings: [String] = []) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    output = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    self.warnings = warnings.map(printable)
  }
}
