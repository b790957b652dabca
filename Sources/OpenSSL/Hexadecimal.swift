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
}
