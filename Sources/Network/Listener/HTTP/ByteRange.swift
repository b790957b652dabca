import Wording

/// The byte range that a `Range` field asks for, RFC 9110 section 14.1.2; only a single range.
enum ByteRange: Equatable {
  /// From one offset to another, both inclusive, or to the end.
  case from(Int64, through: Int64?)
  /// The last bytes, as many as given.
  case last(Int64)

  /// - Returns: `nil` for what a server may ignore: another unit, several ranges, or an invalid range.
  init?(_ field: String) {
    let unit = "bytes="
    guard field.asciiLowercased.begins(with: unit) else { return nil }
    let bounds = String(decoding: field.utf8.dropFirst(unit.utf8.count), as: UTF8.self).parts(at: "-", most: 1)
    guard bounds.count == 2 else { return nil }
    switch (Self.number(bounds[0]), Self.number(bounds[1])) {
    case (let first?, let last?) where first <= last: self = .from(first, through: last)
    case (let first?, nil) where bounds[1].isEmpty: self = .from(first, through: nil)
    case (nil, let count?) where bounds[0].isEmpty: self = .last(count)
    default: return nil
    }
  }

  /// Returns the range within a file of `size` bytes; `nil` if no byte of the file is in the range.
  func resolved(size: Int64) -> Range<Int64>? {
    switch self {
    case .from(let first, let last):
      first < size ? first..<(last.map { min($0, size - 1) + 1 } ?? size) : nil
    case .last(let count):
      count > 0 && size > 0 ? max(0, size - count)..<size : nil
    }
  }

  private static func number(_ text: String) -> Int64? {
    let isDecimal = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return isDecimal ? Int64(text) : nil
  }
}
