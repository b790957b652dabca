/// Writes compact JSON (RFC 8259) in the order in which it is told to; the form is that of `JSONEncoder` without escaped slashes.
public struct JSONWriter: Sendable {
  /// What has been written, in UTF-8.
  public private(set) var bytes: [UInt8] = []
  /// Whether the next member or element is the first of its object or array.
  private var isFirst = true

  /// Creates a writer of an empty text.
  public init() {}

  /// What has been written.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Writes an object, whose members `body` writes.
  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    enclose("{", "}", body)
  }

  /// Writes a member of an object.
  public mutating func member(_ key: String, _ value: (inout JSONWriter) -> Void) {
    separate()
    string(key)
    append(":")
    value(&self)
  }

  /// Writes an object with these members.
  public mutating func object<Value>(
    _ members: [(key: String, value: Value)], _ each: (inout JSONWriter, Value) -> Void
  ) {
    object { writer in
      for (key, value) in members { writer.member(key) { each(&$0, value) } }
    }
  }

  /// Writes an array, whose elements `body` writes, each after a call of `separate()`.
  public mutating func array(_ body: (inout JSONWriter) -> Void) {
    enclose("[", "]", body)
  }

  /// Writes an array with these elements.
  public mutating func array<Element>(_ elements: [Element], _ each: (inout JSONWriter, Element) -> Void) {
    array { writer in
      for element in elements {
        writer.separate()
        each(&writer, element)
      }
    }
  }

  /// Writes the comma in front of an element, unless it is the first.
  public mutating func separate() {
    if !isFirst { append(",") }
    isFirst = false
  }

  /// Writes a string, or null.
  public mutating func string(_ text: String?) {
    guard var text else { return append("null") }
    append("\"")
    text.withUTF8 { utf8 in
      var start = 0
      for (index, byte) in utf8.enumerated() {
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
        bytes.append(contentsOf: utf8[start..<index])
        append(escaped: byte)
        start = index + 1
      }
      bytes.append(contentsOf: utf8[start...])
    }
    append("\"")
  }

  /// Writes an integer, or null.
  public mutating func number(_ value: (some FixedWidthInteger)?) {
    append(value.map { "\($0)" } ?? "null")
  }

  /// Writes a finite number, a whole one without a fraction, or null.
  public mutating func number(_ value: Double?) {
    guard let value, value.isFinite else { return append("null") }
    let text = value.description
    append(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
  }

  /// Writes true, false or null.
  public mutating func flag(_ value: Bool?) {
    append(value.map { $0 ? "true" : "false" } ?? "null")
  }

  /// Writes a value that is JSON already.
  public mutating func verbatim(_ json: some Collection<UInt8>) {
    bytes.append(contentsOf: json)
  }

  private mutating func enclose(_ open: String, _ close: String, _ body: (inout JSONWriter) -> Void) {
    append(open)
    isFirst = true
    body(&self)
    isFirst = false
    append(close)
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func append(escaped byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x08: append("\\b")
    case 0x09: append("\\t")
    case 0x0a: append("\\n")
    case 0x0c: append("\\f")
    case 0x0d: append("\\r")
    default: append((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
    }
  }
}
