import CSQLite
import Glibc

/// A value in the form in which SQLite stores it.
enum SQLValue {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])

  init(_ number: Int64?) { self = number.map(SQLValue.integer) ?? .null }
  init(_ flag: Bool?) { self = flag.map { .integer($0 ? 1 : 0) } ?? .null }
  init(_ number: Double?) { self = number.map(SQLValue.real) ?? .null }
  init(_ text: String?) { self = text.map(SQLValue.text) ?? .null }
}

/// A prepared statement, reused by its database's thread.
final class Statement {
  private let prepared: OpaquePointer
  // The database owns its statements.
  private unowned let database: Database

  init(_ prepared: OpaquePointer, of database: Database) {
    self.prepared = prepared
    self.database = database
  }

  deinit { sqlite3_finalize(prepared) }

  /// Runs the statement and ignores its rows.
  func run(_ values: SQLValue...) throws(LedgerError) {
    try forEach(values) { (_) throws(LedgerError) in true }
  }

  /// Returns the first row, if there is one.
  func first<Result>(
    _ values: SQLValue..., read: (Row) throws(LedgerError) -> Result
  ) throws(LedgerError) -> Result? {
    var result: Result?
    try forEach(values) { row throws(LedgerError) in
      result = try read(row)
      return false
    }
    return result
  }

  /// Runs the statement with `values` for its parameters, in order.
  ///
  /// - Parameter body: called with each row, which is valid only during the call. Returns whether to continue.
  func forEach(_ values: [SQLValue], _ body: (Row) throws(LedgerError) -> Bool) throws(LedgerError) {
    defer {
      sqlite3_reset(prepared)
      sqlite3_clear_bindings(prepared)
    }
    for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1)) }
    // What `Database.error(_:)` reads belongs to this statement.
    errno = 0
    while true {
      switch sqlite3_step(prepared) {
      case SQLITE_DONE: return
      case SQLITE_ROW: if try !body(Row(prepared, database)) { return }
      case let code: throw database.error(code)
      }
    }
  }

  private func bind(_ value: SQLValue, at index: Int32) throws(LedgerError) {
    let code =
      switch value {
      case .null: sqlite3_bind_null(prepared, index)
      case .integer(let number): sqlite3_bind_int64(prepared, index, number)
      case .real(let number): sqlite3_bind_double(prepared, index, number)
      case .text(var text):
        text.withUTF8 { bytes in
          bytes.withMemoryRebound(to: CChar.self) {
            sqlite3_bind_text64(prepared, index, $0.baseAddress ?? Self.nothing, UInt64($0.count), Self.copied, 1)
          }
        }
      case .blob(let bytes):
        bytes.withUnsafeBytes {
          sqlite3_bind_blob64(
            prepared, index, $0.baseAddress ?? UnsafeRawPointer(Self.nothing), UInt64($0.count), Self.copied)
        }
      }
    try database.check(code)
  }

  /// SQLITE_TRANSIENT, a macro: SQLite copies the value immediately.
  private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  /// A pointer for empty values: a null pointer would bind NULL.
  nonisolated(unsafe) private static let nothing = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
}

/// The current row of a statement.
struct Row {
  private let statement: OpaquePointer
  private let database: Database

  fileprivate init(_ statement: OpaquePointer, _ database: Database) {
    self.statement = statement
    self.database = database
  }

  func integer(_ column: Int32) -> Int64? { isNull(column) ? nil : sqlite3_column_int64(statement, column) }

  func real(_ column: Int32) -> Double? { isNull(column) ? nil : sqlite3_column_double(statement, column) }

  func text(_ column: Int32) -> String? { isNull(column) ? nil : String(decoding: bytes(column), as: UTF8.self) }

  /// Returns the bytes of a text or blob; empty if it is null.
  func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    // The pointer first: getting it may convert the value and so change the count.
    let pointer = sqlite3_column_blob(statement, column)
    return UnsafeRawBufferPointer(start: pointer, count: Int(sqlite3_column_bytes(statement, column)))
  }

  /// Returns a value that our schema requires; throws `.damaged` if it is missing.
  func required<Value>(_ value: Value?, _ column: String) throws(LedgerError) -> Value {
    guard let value else { throw database.damaged("column \(column) of a job cannot be read") }
    return value
  }

  private func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
}
