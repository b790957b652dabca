/// A word in the position of a value, parsed as a number.
enum TOMLNumber: Equatable {
  case integer(Int)
  case float(Double)
  /// An integer that exceeds 64 bits.
  case tooLarge
  /// The beginning of a date or a time of day.
  case time

  /// Parses a word.
  ///
  /// - Returns: `nil` if it is not a number, date or time.
  init?(_ word: [UInt8]) {
    let isSigned = word.first == UInt8(ascii: "+") || word.first == UInt8(ascii: "-")
    let magnitude = isSigned ? word.dropFirst() : word[...]
    if !isSigned, let prefix = Prefix(magnitude) {
      guard let digits = Self.digits(magnitude.dropFirst(2), where: prefix.has) else { return nil }
      self = Int(digits, radix: prefix.radix).map(Self.integer) ?? .tooLarge
    } else if Self.isTime(magnitude) {
      self = .time
    } else if let digits = Self.digits(magnitude, where: \.isDigit) {
      guard !Self.hasLeadingZero(digits) else { return nil }
      self = Int((word.first == UInt8(ascii: "-") ? "-" : "") + digits).map(Self.integer) ?? .tooLarge
    } else if let text = Self.float(magnitude), let value = Double(text) {
      self = .float(word.first == UInt8(ascii: "-") ? -value : value)
    } else {
      return nil
    }
  }

  /// Returns the digits without the single underscores between them; `nil` if `word` is anything else.
  private static func digits(_ word: ArraySlice<UInt8>, where isDigit: (UInt8) -> Bool) -> String? {
    let groups = word.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }) else { return nil }
    return String(decoding: groups.joined(), as: UTF8.self)
  }

  private static func hasLeadingZero(_ digits: String) -> Bool { digits.utf8.count > 1 && digits.hasPrefix("0") }

  /// Returns `12.5e-3`, `inf` or `nan` in the form that Swift parses.
  private static func float(_ word: ArraySlice<UInt8>) -> String? {
    if word.elementsEqual("inf".utf8) || word.elementsEqual("nan".utf8) { return String(decoding: word, as: UTF8.self) }
    let halves = word.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "e") }
    let parts = halves[0].split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = digits(parts[0], where: \.isDigit), !hasLeadingZero(whole) else { return nil }
    var text = whole
    if parts.count == 2 {
      guard let fraction = digits(parts[1], where: \.isDigit) else { return nil }
      text += ".\(fraction)"
    }
    if halves.count == 2 {
      let sign = halves[1].first.flatMap { [UInt8(ascii: "+"), UInt8(ascii: "-")].contains($0) ? $0 : nil }
      guard let exponent = digits(sign == nil ? halves[1] : halves[1].dropFirst(), where: \.isDigit) else { return nil }
      text += "e\(sign == UInt8(ascii: "-") ? "-" : "")\(exponent)"
    }
    return text
  }

  /// Matches `1979-` or `07:`.
  private static func isTime(_ word: ArraySlice<UInt8>) -> Bool {
    let digits = word.prefix(while: \.isDigit).count
    switch word.dropFirst(digits).first {
    case UInt8(ascii: "-"): return digits == 4
    case UInt8(ascii: ":"): return digits == 2
    default: return false
    }
  }

  /// One of `0x`, `0o` and `0b`.
  private struct Prefix {
    let radix: Int

    init?(_ word: ArraySlice<UInt8>) {
      switch String(decoding: word.prefix(2), as: UTF8.self) {
      case "0x": radix = 16
      case "0o": radix = 8
      case "0b": radix = 2
      default: return nil
      }
    }

    func has(_ byte: UInt8) -> Bool { Character(UnicodeScalar(byte)).hexDigitValue.map { $0 < radix } ?? false }
  }
}
