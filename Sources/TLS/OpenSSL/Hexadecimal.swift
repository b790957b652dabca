import Values

/// Bytes as lower-case hexadecimal digits.
enum Hexadecimal {
  static func text(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: bytes.count * 2) { target in
      for (index, byte) in bytes.enumerated() {
        target[index * 2] = digits[Int(byte >> 4)]
        target[index * 2 + 1] = digits[Int(byte & 15)]
      }
      return bytes.count * 2
    }
  }

  /// Returns the bytes of complete pairs of hex digits, in either case; `nil` for any other text.
  static func bytes(_ text: String) -> [UInt8]? {
    let digits = text.utf8.map(hexDigit)
    guard digits.count % 2 == 0, !digits.isEmpty else { return nil }
    return stride(from: 0, to: digits.count, by: 2).reduce(into: [UInt8]() as [UInt8]?) { bytes, index in
      guard let high = digits[index], let low = digits[index + 1] else { return bytes = nil }
      bytes?.append(high << 4 | low)
    }
  }
}
