internal import TOML
import Wording

/// A TOML table that is read strictly: an unknown key, and a value of the wrong type or out of range, is an error with file and line.
struct StrictTable {
  private let file: String
  private let table: TOMLTable
  private let path: [String]
  /// The name of the table in messages; empty for the root.
  private let name: String

  init(_ table: TOMLTable, of file: String, path: [String] = [], name: String? = nil) {
    self.file = file
    self.table = table
    self.path = path
    self.name = name ?? (path.isEmpty ? "" : "[\(path.joined(separator: "."))]")
  }

  /// The line where the table begins.
  var line: Int { table.line }

  /// The keys of the table, in order.
  var keys: [String] { table.keys }

  /// Throws if there is a key that is not in `known`.
  func refuseUnknown(besides known: [String]) throws(ConfigurationError) {
    // Reports the first one in the file, so that errors can be fixed from top to bottom.
    guard let key = keys.first(where: { !known.contains($0) }) else { return }
    let place = name.isEmpty ? "" : " in \(name)"
    let hint =
      nearestWord(to: key, among: known).map { "did you mean \"\($0)\"?" }
      ?? "known are \(known.joined(separator: ", "))"
    throw error(key, "unknown key \(quoted(key))\(place); \(hint)")
  }

  func table(_ key: String) throws(ConfigurationError) -> StrictTable? {
    guard let value = table[key] else { return nil }
    guard case .table(let inner) = value else { throw wrongType(key, "a table", value) }
    return StrictTable(inner, of: file, path: path + [key])
  }

  /// Returns the tables of an array, each with its own line in the file.
  func tables(_ key: String) throws(ConfigurationError) -> [StrictTable]? {
    guard let value = table[key] else { return nil }
    guard case .array(let array) = value else { throw wrongType(key, "tables [[\(key)]]", value) }
    return try array.map { element throws(ConfigurationError) in
      guard case .table(let inner) = element else { throw wrongType(key, "tables [[\(key)]]", element) }
      return StrictTable(inner, of: file, path: path + [key], name: "[[\(key)]]")
    }
  }

  func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
    guard let value = table[key] else { return nil }
    guard case .boolean(let boolean) = value else { throw wrongType(key, "true or false", value) }
    return boolean
  }

  func string(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = table[key] else { return nil }
    guard case .string(let string) = value else { throw wrongType(key, "a string", value) }
    return string
  }

  /// Returns a whole number as its digits, or a string.
  func numberOrString(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = table[key] else { return nil }
    if case .string(let string) = value { return string }
    guard case .integer(let integer) = value else { throw wrongType(key, "a whole number or a string", value) }
    return "\(integer)"
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
    guard let value = table[key] else { return nil }
    guard case .integer(let integer) = value else { throw wrongType(key, "a whole number", value) }
    if !range.contains(integer) {
      throw error(key, "\(key) must be from \(range.lowerBound) to \(range.upperBound), not \(integer)")
    }
    return integer
  }

  func strings(_ key: String) throws(ConfigurationError) -> [String]? {
    guard let value = table[key] else { return nil }
    guard case .array(let array) = value else { throw wrongType(key, "an array of strings", value) }
    return try array.map { element throws(ConfigurationError) in
      guard case .string(let string) = element else { throw wrongType(key, "an array of strings", element) }
      return string
    }
  }

  func error(_ key: String, _ message: String) -> ConfigurationError {
    // A missing key is reported at its table; the root has no line.
    let line = table.line(of: key) ?? (path.isEmpty ? nil : table.line)
    return ConfigurationError(file: file, line: line, message)
  }

  private func wrongType(_ key: String, _ expected: String, _ value: TOMLValue) -> ConfigurationError {
    error(key, "\(key) must be \(expected), not \(value.kind)")
  }
}

/// Returns `text` for a message, in quotes and with invisible characters escaped.
///
/// This includes the Latin-1 control characters, which Swift leaves unchanged.
func quoted(_ text: String) -> String {
  String(reflecting: text).unicodeScalars.map { scalar in
    scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
  }.joined()
}
