/// A table of a TOML document. It does not change once the document is read.
public final class TOMLTable {
  /// The most tables and arrays within each other. What reads or releases them calls itself for each level.
  public static let mostLevels = 16

  /// Where it is mentioned first, counted from 1.
  public let line: Int
  /// The keys, in the order of their first mention.
  public private(set) var keys: [String] = []
  /// How many tables and arrays it is in.
  let level: Int
  /// By the bytes of their keys: strings are equal that Unicode calls so, "\u{E9}" and "e\u{301}", which TOML tells apart.
  private var entries: [[UInt8]: Entry] = [:]

  init(line: Int, level: Int) {
    self.line = line
    self.level = level
  }

  /// The value of a key.
  public subscript(key: String) -> TOMLValue? { entries[Array(key.utf8)]?.value }

  /// The line in which a key is mentioned first; `nil` if it is not there.
  public func line(of key: String) -> Int? { entries[Array(key.utf8)]?.line }

  private struct Entry {
    var value: TOMLValue
    let line: Int
    var origin: Origin
  }

  /// What has defined a value: it decides what may still be added.
  private enum Origin: Equatable {
    /// A header led through it: `a` of `[a.b]`. A header, or dotted keys, may still define it.
    case ledThrough
    /// Keys of one section: `a` of `a.b = 1`. Those of the same section add to it.
    case dottedKey(section: Int)
    /// A header of its own, `[a]`.
    case header
    /// Headers of an array of tables, `[[a]]`.
    case headers
    /// `key = value`: nothing is ever added.
    case value
  }
}

/// Why something cannot be added to a table.
enum TOMLConflict: Error {
  case definedBefore(line: Int)
  case tooDeep
}

extension TOMLTable {
  /// The table that a header's part leads through, `a` of `[a.b]`: of an array of tables, its last.
  func passing(_ key: String, _ line: Int) throws(TOMLConflict) -> TOMLTable {
    guard let entry = entries[Array(key.utf8)] else { return try addTable(key, line, .ledThrough) }
    switch entry.value {
    case .table(let table) where entry.origin != .value: return table
    case .array(let elements) where entry.origin == .headers:
      guard case .table(let table)? = elements.last else { throw .definedBefore(line: entry.line) }
      return table
    default: throw .definedBefore(line: entry.line)
    }
  }

  /// The table that a header defines, `[key]`.
  func defining(_ key: String, _ line: Int) throws(TOMLConflict) -> TOMLTable {
    guard let entry = entries[Array(key.utf8)] else { return try addTable(key, line, .header) }
    guard case .table(let table) = entry.value, entry.origin == .ledThrough else {
      throw .definedBefore(line: entry.line)
    }
    entries[Array(key.utf8)]?.origin = .header
    return table
  }

  /// The next table of an array of tables, `[[key]]`.
  func appending(_ key: String, _ line: Int) throws(TOMLConflict) -> TOMLTable {
    let table = TOMLTable(line: line, level: level + 2)
    if table.level > Self.mostLevels { throw .tooDeep }
    let key = Array(key.utf8)
    // No copy of the entry is held here: the array would be copied with each table.
    switch entries[key]?.origin {
    case nil: insert(key, .array([.table(table)]), line, .headers)
    case .headers: entries[key]?.value.append(table)
    default: throw .definedBefore(line: entries[key]?.line ?? line)
    }
    return table
  }

  /// The table that a dotted key leads through, `a` of `a.b = 1`.
  func dotted(_ key: String, _ line: Int, section: Int) throws(TOMLConflict) -> TOMLTable {
    let origin = Origin.dottedKey(section: section)
    guard let entry = entries[Array(key.utf8)] else { return try addTable(key, line, origin) }
    guard case .table(let table) = entry.value, entry.origin == .ledThrough || entry.origin == origin else {
      throw .definedBefore(line: entry.line)
    }
    entries[Array(key.utf8)]?.origin = origin
    return table
  }

  /// Adds `key = value`.
  func set(_ key: String, _ value: TOMLValue, _ line: Int) throws(TOMLConflict) {
    if let before = self.line(of: key) { throw .definedBefore(line: before) }
    insert(Array(key.utf8), value, line, .value)
  }

  private func addTable(_ key: String, _ line: Int, _ origin: Origin) throws(TOMLConflict) -> TOMLTable {
    let table = TOMLTable(line: line, level: level + 1)
    if table.level > Self.mostLevels { throw .tooDeep }
    insert(Array(key.utf8), .table(table), line, origin)
    return table
  }

  private func insert(_ key: [UInt8], _ value: TOMLValue, _ line: Int, _ origin: Origin) {
    keys.append(String(decoding: key, as: UTF8.self))
    entries[key] = Entry(value: value, line: line, origin: origin)
  }
}
