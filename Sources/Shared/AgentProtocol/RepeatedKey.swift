import Values
import Wording

/// Finds a key that an object of a JSON text has twice.
///
/// RFC 8259 leaves open which of them counts, and a decoder silently chooses one: a proxy or an auditor may have chosen the other. Keys
/// that only Unicode considers equal (é, and e with a combining accent) count as the same, because a Swift dictionary holds one of them.
struct RepeatedKey {
  /// More than `JSONDecoder` accepts.
  private static let maximumDepth = 600

  /// What is open around the present place.
  private enum Container {
    case array
    /// The keys so far, and the last one.
    case object(keys: Set<String>, last: String)
  }

  private var rest: Substring.UTF8View
  private var containers: [Container] = []
  /// Whether the next string is a key.
  private var awaitsKey = false

  private init(_ text: String) {
    rest = text[...].utf8
  }

  /// Returns where the first repeated key is, in words for the author of the text: `environment: the key "A" is given twice`.
  ///
  /// - Returns: `nil` if there is none, or if the text is not JSON, which its decoder finds out.
  static func fault(in text: String) -> String? {
    var search = RepeatedKey(text)
    return search.next()
  }

  private mutating func next() -> String? {
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "{"):
        guard containers.count < Self.maximumDepth else { return nil }
        containers.append(.object(keys: [], last: ""))
        awaitsKey = true
      case UInt8(ascii: "["):
        guard containers.count < Self.maximumDepth else { return nil }
        containers.append(.array)
        awaitsKey = false
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if containers.popLast() == nil { return nil }
        awaitsKey = false
      case UInt8(ascii: ","):
        if case .object? = containers.last { awaitsKey = true } else { awaitsKey = false }
      case UInt8(ascii: "\""):
        guard let string = string(isKept: awaitsKey) else { return nil }
        if awaitsKey, let fault = note(string) { return fault }
        awaitsKey = false
      default: break
      }
    }
    return nil
  }

  private mutating func note(_ key: String) -> String? {
    guard case .object(var keys, _)? = containers.popLast() else { return nil }
    let isNew = keys.insert(key).inserted
    if isNew {
      containers.append(.object(keys: keys, last: key))
      return nil
    }
    let place = containers.compactMap { if case .object(_, let last) = $0 { last } else { nil } }
    return (place.isEmpty ? "" : "\(printable(place.joined(separator: ".")).prefix(256)): ")
      + "the key \(key.prefix(64).debugDescription) is given twice"
  }

  /// Reads a string to its closing quote.
  ///
  /// - Returns: its text, or an empty one if it is not kept; `nil` if it is not a string of JSON.
  private mutating func string(isKept: Bool) -> String? {
    var units: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = escaped() else { return nil }
        if isKept { units.append(contentsOf: escaped) }
      default: if isKept { units.append(byte) }
      }
    }
    return nil
  }

  private mutating func escaped() -> [UInt8]? {
    guard let byte = rest.popFirst() else { return nil }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return scalar().map { Array(String(Character($0)).utf8) }
    default: return nil
    }
  }

  /// Reads the digits after `\u`, and those of the second half of a surrogate pair.
  private mutating func scalar() -> Unicode.Scalar? {
    guard let first = unit() else { return nil }
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xd800...0xdbff).contains(first), rest.popFirst() == UInt8(ascii: "\\"),
      rest.popFirst() == UInt8(ascii: "u"),
      let second = unit(), (0xdc00...0xdfff).contains(second)
    else { return nil }
    return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
  }

  private mutating func unit() -> UInt32? {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = rest.popFirst().flatMap(hexDigit) else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}

extension JobRequest {
  /// Returns what is wrong with the text of a request that its decoder would not notice; `nil` if nothing is.
  public static func faultOfText(_ text: String) -> String? {
    RepeatedKey.fault(in: text)
  }
}
