/// A value of a TOML document. Dates and times are not among them: they are refused.
public enum TOMLValue {
  case string(String)
  case integer(Int)
  case float(Double)
  case boolean(Bool)
  /// An array, or an array of tables, which is not told apart.
  case array([TOMLValue])
  case table(TOMLTable)

  /// What it is, with its article, for a message.
  public var kind: String {
    switch self {
    case .string: "a string"
    case .integer: "an integer"
    case .float: "a floating-point number"
    case .boolean: "a boolean"
    case .array: "an array"
    case .table: "a table"
    }
  }

  /// Adds a table to an array; nothing else has one added.
  mutating func append(_ table: TOMLTable) {
    guard case .array(var elements) = self else { return }
    // The array is held in one place only while it grows, or each step would copy all of it.
    self = .array([])
    elements.append(.table(table))
    self = .array(elements)
  }
}
