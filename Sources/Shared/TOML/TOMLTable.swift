/// A table of a TOML document.
public final class TOMLTable {
  /// The maximum nesting depth of tables and arrays. Reading and releasing them is recursive.
  public static let mostLevels = 16

  /// The line of its first mention, counted from 1.
  public let line: Int
  /// The keys, in the order of their first mention.
  public private(set) var keys: [String] = []
  /// The number of tables and arrays around it.
  let level: Int
  /// Keyed by bytes: Swift strings compare by Unicode equivalence, so that "\u{E9}" equals "e\u{301}", but TOML distinguishes them.
  private var entries: [[UInt8]: Entry] = [:]

  init(line: Int, level: Int) {
    self.line = line
    self.level = level
  }

  /// Returns the value of a key.
  public subscript(key: String) -> TOMLValue? { entries[Array(key.utf8)]?.value }

  /// Returns the line in which a key is first mentioned; `nil` if it does not exist.
  public func line(of key: String) -> Int? { entries[Array(key.utf8)]?.line }

  /// Removes a key, as if the document did not have it.
  ///
  /// - Returns: whether it existed.
  public func remove(_ key: String) -> Bool {
    keys.removeAll { $0.utf8.elementsEqual(key.utf8) }
    return entries.removeValue(forKey: Array(key.utf8)) != nil
  }

  private struct Entry {
    var value: TOMLValue
    let line: Int
    var origin: Origin
  }

  /// What defined a value, which decides what may be added later.
  private enum Origin: Equatable {
    /// A header passed through it: `a` in `[a.b]`. A header or dotted keys may still define it.
    case ledThrough
    /// Dotted keys in one section: `a` in `a.b = 1`. Only keys of the same section may add to it.
    case dottedKey(section: Int)
    /// Its own header, `[a]`.
    case header
    /// The headers of an array of tables, `[[a]]`.
    case headers
    /// `key = value`: nothing can be added.
    case value
  }
}

/// The reason why something cannot be added to a table.
enum TOMLConflict: Error {
  case definedBefore(line: Int)
  case tooDeep
}

extension TOMLTable {
  /// Returns the table that part of a header passes through, `a` in `[a.b]`: for an array of tables, the last one.
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

  /// Returns the table that a header defines, `[key]`.
  func defining(_ key: String, _ line: Int) throws(TOMLConflict) -> TOMLTable {
    guard let entry = entries[Array(key.utf8)] else { return try addTable(key, line, .header) }
    guard case .table(let table) = entry.value, entry.origin == .ledThrough else {
      throw .definedBefore(line: entry.line)
    }
    entries[Array(key.utf8)]?.origin = .header
    return table
  }

  /// Returns a new table of an array of tables, `[[key]]`.
  func appending(_ key: String, _ line: Int) throws(TOMLConflict) -> TOMLTable {
    let table = TOMLTable(line: line, level: level + 2)
    if table.level > Self.mostLevels { throw .tooDeep }
    let key = Array(key.utf8)
    // Holding a copy of the entry here would make every append copy the array.
    switch entries[key]?.origin {
    case nil: insert(key, .array([.table(table)]), line, .headers)
    case .headers: entries[key]?.value.append(table)
    default: throw .definedBefore(line: entries[key]?.line ?? line)
    }
    return table
  }

  /// Returns the table that a dotted key passes through, `a` in `a.b = 1`.
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
