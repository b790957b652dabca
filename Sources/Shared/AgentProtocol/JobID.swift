import Values

/// A job's id, chosen by the client: 1 to 128 characters of A-Z a-z 0-9 . _ - not beginning with a dot.
///
/// An id is also the name of the job's folder, which is why it can be neither a path nor hidden.
public struct JobID: Hashable, Sendable, CustomStringConvertible {
  /// The id as the client wrote it.
  public let description: String

  /// - Returns: `nil` if `text` is no id.
  public init?(_ text: String) {
    guard (1...128).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "."),
      text.utf8.allSatisfy(Self.isAllowed)
    else { return nil }
    description = text
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension JobID: CodedAsText {
  /// For `DecodingError`.
  public static func fault(of text: String) -> String {
    "a job id has 1 to 128 characters of A-Z a-z 0-9 . _ - and does not begin with a dot"
  }
}
