import Values
import Wording

/// A certificate's subject in the notation of RFC 4514, parsed so that different spellings of a name compare equal.
///
/// The case of attribute types, spaces around separators, and the choice between `\,` and `\2C` do not matter. Values are compared byte by
/// byte.
public struct SubjectName: Hashable, Sendable {
  private struct Attribute: Hashable {
    let type: String
    /// Whether the value is `#` and hex digits: the encoding of a value that has no text form.
    let isEncoded: Bool
    let value: [UInt8]
  }

  /// One element per relative distinguished name, in the order of the text.
  private let parts: [[Attribute]]

  /// Parses a subject.
  ///
  /// - Returns: `nil` if the text is not a distinguished name, or is an empty one, which identifies no one.
  public init?(_ text: String) {
    var reader = Reader(bytes: Array(text.utf8))
    var parts: [[Attribute]] = [[]]
    while true {
      guard let attribute = reader.attribute() else { return nil }
      parts[parts.count - 1].append(attribute)
      switch reader.separator() {
      case UInt8(ascii: ","): parts.append([])
      case UInt8(ascii: "+"): break
      case nil where reader.isAtEnd:
        self.parts = parts
        return
      default: return nil
      }
    }
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func separator() -> UInt8? {
      guard let byte = next else { return nil }
      position += 1
      return byte
    }

    mutating func attribute() -> Attribute? {
      skipSpaces()
      var type: [UInt8] = []
      while let byte = next, byte != UInt8(ascii: "=") {
        position += 1
        type.append(byte)
      }
      while type.last == UInt8(ascii: " ") { type.removeLast() }
      guard separator() != nil, !type.isEmpty, type.allSatisfy(Self.isTypeCharacter) else { return nil }
      skipSpaces()
      let isEncoded = next == UInt8(ascii: "#")
      guard let value = value() else { return nil }
      // Only ASCII, as was just checked.
      let name = String(decoding: type, as: UTF8.self).asciiLowercased
      return Attribute(type: name, isEncoded: isEncoded, value: value)
    }

    private mutating func value() -> [UInt8]? {
      var value: [UInt8] = []
      // Trailing spaces count only if they are escaped.
      var length = 0
      while let byte = next, byte != UInt8(ascii: ","), byte != UInt8(ascii: "+") {
        position += 1
        switch byte {
        case UInt8(ascii: "\\"):
          guard let escaped = escape() else { return nil }
          value.append(escaped)
          length = value.count
        case UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "<"), UInt8(ascii: ">"), 0: return nil
        default:
          value.append(byte)
          if byte != UInt8(ascii: " ") { length = value.count }
        }
      }
      return Array(value[..<length])
    }

    private mutating func escape() -> UInt8? {
      guard let first = separator() else { return nil }
      guard let high = hexDigit(first) else { return first }
      guard let low = separator().flatMap(hexDigit) else { return nil }
      return high << 4 | low
    }

    private mutating func skipSpaces() {
      while next == UInt8(ascii: " ") { position += 1 }
    }

    private static func isTypeCharacter(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}
