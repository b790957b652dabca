internal import TOML
import Wording

/// A TOML table that is read strictly: an unknown key, and a value of the wrong type or out of range, is an error with file and line.
struct StrictTable {
  private let file: String
  private let table: TOMLTable
  private let path: [String]
  /// The name of the table in messages; empty for the root.
  private let name: String
  private let faults: FaultyParts

  init(
    _ table: TOMLTable, of file: String, path: [String] = [], name: String? = nil, faults: FaultyParts = FaultyParts()
  ) {
    self.file = file
    self.table = table
    self.path = path
    self.faults = faults
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
    return faults.isSetAside(inner) ? nil : StrictTable(inner, of: file, path: path + [key], faults: faults)
  }

  /// Returns the tables of an array, each with its own line in the file.
  func tables(_ key: String) throws(ConfigurationError) -> [StrictTable]? {
    guard let value = table[key] else { return nil }
    guard case .array(let array) = value else { throw wrongType(key, "tables [[\(key)]]", value) }
    let sound = array.filter { if case .table(let inner) = $0 { !faults.isSetAside(inner) } else { true } }
    return try sound.map { element throws(ConfigurationError) in
      guard case .table(let inner) = element else { throw wrongType(key, "tables [[\(key)]]", element) }
      return StrictTable(inner, of: file, path: path + [key], name: "[[\(key)]]", faults: faults)
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
    faults.note(table, key)
    return ConfigurationError(file: file, line: line, message)
  }

  private func wrongType(_ key: String, _ expected: String, _ value: TOMLValue) -> ConfigurationError {
    error(key, "\(key) must be \(expected), not \(value.kind)")
  }
}

extension StrictTable {
  /// Calls `read` until it succeeds, each time without the parts of the document that were wrong before.
  ///
  /// - Returns: what was read at last, `nil` if that was impossible; and all errors, in the order of the file.
  func readAll<Value>(
    _ read: (StrictTable) throws(ConfigurationError) -> Value
  ) -> (value: Value?, errors: [ConfigurationError]) {
    var errors: [ConfigurationError] = []
    func sorted() -> [ConfigurationError] { errors.sorted { ($0.line ?? 0) < ($1.line ?? 0) } }
    while true {
      do throws(ConfigurationError) { return (try read(self), sorted()) } catch {
        let isNew = faults.setAside()
        if isNew ?? true { errors.append(error) }
        if isNew == nil { return (nil, sorted()) }
      }
    }
  }
}

/// The parts of a document that are wrong, so that the rest can be read.
final class FaultyParts {
  private var latest: (table: TOMLTable, key: String)?
  private var tables: [TOMLTable] = []
  private var keys: [(table: TOMLTable, key: String)] = []

  func note(_ table: TOMLTable, _ key: String) { latest = (table, key) }

  func isSetAside(_ table: TOMLTable) -> Bool { tables.contains { $0 === table } }

  /// Removes the part that the latest error is about: the key; or its table, if the error is that there is no such key.
  ///
  /// - Returns: whether the error is not a consequence of an earlier one; `nil` if there is nothing to remove.
  func setAside() -> Bool? {
    guard let (table, key) = latest else { return nil }
    latest = nil
    if table.remove(key) {
      keys.append((table, key))
      return true
    }
    if isSetAside(table) { return nil }
    tables.append(table)
    return !keys.contains { $0.table === table && $0.key.isSame(as: key) }
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
