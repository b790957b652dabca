import Spelling
internal import TOMLKit

/// A TOML table that is read strictly: a key that nobody knows, a value of another type or beyond its range is an error
/// with file and line.
struct StrictTable {
  let document: TOMLDocument
  private let table: TOMLTable
  private let path: [String]
  /// How messages call it; empty for the root.
  private let name: String

  init(_ document: TOMLDocument, _ table: TOMLTable, path: [String] = [], name: String? = nil) {
    self.document = document
    self.table = table
    self.path = path
    self.name = name ?? (path.isEmpty ? "" : "[\(path.joined(separator: "."))]")
  }

  /// Where it begins.
  var line: Int { document.locations.line(of: path) ?? 1 }

  /// The keys that are there.
  var keys: [String] { table.keys }

  /// Throws if there is any other key than `known`.
  func refuseUnknown(besides known: [String]) throws(ConfigurationError) {
    let unknown = table.keys.filter { !known.contains($0) }
    // The first in the file is reported, so that a person mends from the top.
    guard let key = unknown.min(by: { (line(of: $0) ?? 0) < (line(of: $1) ?? 0) }) else { return }
    let place = name.isEmpty ? "" : " in \(name)"
    let hint =
      nearestWord(to: key, among: known).map { "did you mean \"\($0)\"?" }
      ?? "known are \(known.joined(separator: ", "))"
    throw error(key, "unknown key \(quoted(key))\(place); \(hint)")
  }

  func table(_ key: String) throws(ConfigurationError) -> StrictTable? {
    guard let value = table[key] else { return nil }
    guard let inner = value.table else { throw wrongType(key, "a table", value) }
    return StrictTable(document, inner, path: path + [key])
  }

  /// The tables of an array, each with its own place in the file.
  func tables(_ key: String) throws(ConfigurationError) -> [StrictTable]? {
    guard let value = table[key] else { return nil }
    guard let array = value.array else { throw wrongType(key, "tables [[\(key)]]", value) }
    var tables: [StrictTable] = []
    for element in array {
      guard let inner = element.table else { throw wrongType(key, "tables [[\(key)]]", element) }
      tables.append(StrictTable(document, inner, path: path + [key, "\(tables.count)"], name: "[[\(key)]]"))
    }
    return tables
  }

  func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
    guard let value = table[key] else { return nil }
    guard let boolean = value.bool else { throw wrongType(key, "true or false", value) }
    return boolean
  }

  func string(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = table[key] else { return nil }
    guard let string = value.string else { throw wrongType(key, "a string", value) }
    return string
  }

  func flag(_ key: String) throws(ConfigurationError) -> Bool? {
    guard let value = table[key] else { return nil }
    guard let flag = value.bool else { throw wrongType(key, "true or false", value) }
    return flag
  }

  /// A whole number as its digits, or a string.
  func numberOrString(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = table[key] else { return nil }
    if let string = value.string { return string }
    guard let integer = value.int else { throw wrongType(key, "a whole number or a string", value) }
    return "\(integer)"
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
    guard let value = table[key] else { return nil }
    guard let integer = value.int else { throw wrongType(key, "a whole number", value) }
    if !range.contains(integer) {
      throw error(key, "\(key) must be from \(range.lowerBound) to \(range.upperBound), not \(integer)")
    }
    return integer
  }

  func strings(_ key: String) throws(ConfigurationError) -> [String]? {
    guard let value = table[key] else { return nil }
    guard let array = value.array else { throw wrongType(key, "an array of strings", value) }
    var strings: [String] = []
    for element in array {
      guard let string = element.string else { throw wrongType(key, "an array of strings", element) }
      strings.append(string)
    }
    return strings
  }

  func error(_ key: String, _ message: String) -> ConfigurationError {
    ConfigurationError(file: document.file, line: line(of: key), message)
  }

  private func line(of key: String) -> Int? { document.locations.line(of: path + [key]) }

  private func wrongType(_ key: String, _ expected: String, _ value: any TOMLValueConvertible) -> ConfigurationError {
    error(key, "\(key) must be \(expected), not \(value.type.article) \(value.type)")
  }
}

extension TOMLType {
  fileprivate var article: String { self == .array || self == .int ? "an" : "a" }
}

/// `text` for a message: in quotes, with everything invisible escaped. Not `debugDescription`: TOMLKit replaces that of
/// strings by the string itself.
func quoted(_ text: String) -> String { withoutControls(String(reflecting: text)) }

/// `text` with control characters escaped, those of Latin-1 among them, which Swift leaves as they are.
func withoutControls(_ text: String) -> String {
  text.unicodeScalars.map { $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0) }
    .joined()
}
