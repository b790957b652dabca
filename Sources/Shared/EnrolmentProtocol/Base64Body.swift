import FoundationEssentials

/// The encoding of DER in EST: base64, in lines (RFC 7030 section 4.1.3; RFC 8951 section 2).
public enum Base64Body {
  /// Returns the encoded form.
  public static func encode(_ der: [UInt8]) -> [UInt8] {
    Array(Data(der).base64EncodedData(options: [.lineLength64Characters, .endLineWithLineFeed])) + [UInt8(ascii: "\n")]
  }

  /// Returns the decoded bytes; `nil` if the body is not base64. Line ends, spaces and tabs are ignored.
  public static func decode(_ body: [UInt8]) -> [UInt8]? {
    let digits = body.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    return Data(base64Encoded: Data(digits)).map { Array($0) }
  }
}
