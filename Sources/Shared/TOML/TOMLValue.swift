/// A value in a TOML document. There is no case for dates and times, which are refused.
public enum TOMLValue {
  case string(String)
  case integer(Int)
  case float(Double)
  case boolean(Bool)
  /// An array or an array of tables; the two are not distinguished.
  case array([TOMLValue])
  case table(TOMLTable)

  /// The kind of the value, with an article, for messages.
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

  /// Adds a table to an array; has no effect on other values.
  mutating func append(_ table: TOMLTable) {
    guard case .array(var elements) = self else { return }
    // Only one reference to the array may exist while it grows, or each step would copy it.
    self = .array([])
    elements.append(.table(table))
    self = .array(elements)
  }
}
