import FoundationEssentials
import Wording

/// The messages of a successful command.
public struct CommandAnswer: Equatable, Sendable {
  /// The lines for standard output.
  public var lines: [String]
  /// The warnings for standard error, one line each.
  public var warnings: [String]

  public init(_ lines: [String] = [], warnings: [String] = []) {
    self.lines = lines
    self.warnings = warnings
  }

  /// Creates an answer in JSON. What could control a terminal is escaped, as it is in lines for people.
  init(json value: some Encodable, warnings: [String] = []) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    self.init(text.split(separator: "\n", omittingEmptySubsequences: false).map(Self.escaped), warnings: warnings)
  }

  private static func escaped(_ line: Substring) -> String {
    line.unicodeScalars.map { scalar in
      let text = String(scalar)
      // Such a character can only be part of a string: RFC 8259 section 7.
      return printable(text) == text ? text : text.utf16.map { "\\u\(hex($0))" }.joined()
    }.joined()
  }

  private static func hex(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}

extension Scheduler {
  /// Returns the answer of a LIST command: in JSON with /JSON, otherwise lines for people.
  ///
  /// - Parameter none: the line for an empty list.
  func list<Entry: Encodable>(
    _ entries: [Entry], _ switches: Switches, none: String, warnings: [String] = [], _ lines: ([Entry]) -> [String]
  ) throws -> CommandAnswer {
    if switches.has("JSON") { return try CommandAnswer(json: entries, warnings: warnings) }
    return CommandAnswer(entries.isEmpty ? [none] : lines(entries), warnings: warnings)
  }
}
