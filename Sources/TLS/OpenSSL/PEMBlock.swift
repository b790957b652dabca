import Glibc
import SystemCalls

/// A `-----BEGIN LABEL-----` ... `-----END LABEL-----` block of a PEM file (RFC 7468).
///
/// The file may contain anything else: text between blocks, line ends of any kind, empty lines, byte order marks, spaces around lines.
public struct PEMBlock: Sendable {
  /// The kind of a block's contents, by its label.
  public enum Kind: Equatable, Sendable {
    /// `CERTIFICATE`, `X509 CERTIFICATE` or `TRUSTED CERTIFICATE`.
    case certificate
    /// Any label that ends in `PRIVATE KEY`.
    case privateKey
    /// `X509 CRL`.
    case revocationList
    /// `PKCS7`, `PKCS #7 SIGNED DATA` or `CMS`: see `CertificatesMessage`.
    case message
    /// Anything else, for example `EC PARAMETERS` or `CERTIFICATE REQUEST`.
    case other
  }

  /// The label, for example `ENCRYPTED PRIVATE KEY`.
  public let label: String
  /// The number of the BEGIN line, from 1.
  public let line: Int
  /// The block from its BEGIN to its END line, with LF line ends, without spaces around lines, and with an empty line only after headers.
  public let text: SecretBytes

  /// The kind of the contents, by the label.
  public var kind: Kind {
    switch label {
    case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE": .certificate
    case "X509 CRL": .revocationList
    case "PKCS7", "PKCS #7 SIGNED DATA", "CMS": .message
    default: label.hasSuffix("PRIVATE KEY") ? .privateKey : .other
    }
  }

  /// Whether the block needs a password: PKCS#8 encryption, or the traditional `Proc-Type` header.
  public var isEncrypted: Bool {
    label == "ENCRYPTED PRIVATE KEY"
      || text.withUnsafeBytes { text in
        text.split(separator: 0x0A, maxSplits: 2).dropFirst().first.map {
          Array($0) == Array("Proc-Type: 4,ENCRYPTED".utf8)
        }
          ?? false
      }
  }

  /// Returns all blocks, in order.
  ///
  /// - Parameter limit: the maximum number of blocks.
  /// - Throws: if a block has no END line or the END line of another label, or if there are too many blocks.
  public static func all(in bytes: UnsafeRawBufferPointer, limit: Int = 1024) throws(PEMError) -> [PEMBlock] {
    var splitter = PEMSplitter(bytes, limit: limit)
    return try splitter.blocks()
  }

  /// Returns all blocks, in order; see `all(in:limit:)` for raw bytes.
  public static func all(in bytes: SecretBytes, limit: Int = 1024) throws(PEMError) -> [PEMBlock] {
    try bytes.withUnsafeBytes { bytes throws(PEMError) in try all(in: bytes, limit: limit) }
  }

  /// Returns all blocks, in order; see `all(in:limit:)` for raw bytes.
  public static func all(in bytes: [UInt8], limit: Int = 1024) throws(PEMError) -> [PEMBlock] {
    let outcome: Result<[PEMBlock], PEMError> = bytes.withUnsafeBytes { bytes in
      do throws(PEMError) { return .success(try all(in: bytes, limit: limit)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}

/// A fault in the outer form of a PEM file.
public enum PEMError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file ends, or another block begins, before the block that began at `line` ends.
  case unterminated(label: String, line: Int)
  /// The label in the END line differs from that in the BEGIN line.
  case wrongEnd(label: String, end: String, line: Int)
  /// There are more blocks than allowed.
  case tooManyBlocks(limit: Int)

  /// One line with the place of the fault.
  public var description: String {
    switch self {
    case .unterminated(let label, let line):
      "line \(line): block \(label.debugDescription) has no end line; the file is cut off or damaged"
    case .wrongEnd(let label, let end, let line):
      "line \(line): block \(label.debugDescription) ends as \(end.debugDescription)"
    case .tooManyBlocks(let limit):
      "more than \(limit) PEM blocks"
    }
  }
}

/// Splits a PEM file into blocks, line by line.
private struct PEMSplitter {
  private let bytes: UnsafeRawBufferPointer
  private let limit: Int
  private var position = 0
  private var line = 0
  /// The next LF, or the end; found once, because a file with other line ends may have none.
  private var feed = -1

  init(_ bytes: UnsafeRawBufferPointer, limit: Int) {
    self.bytes = bytes
    self.limit = limit
  }

  mutating func blocks() throws(PEMError) -> [PEMBlock] {
    var blocks: [PEMBlock] = []
    while let content = nextLine() {
      guard let label = Self.label(content, after: "-----BEGIN ") else { continue }
      if blocks.count == limit { throw .tooManyBlocks(limit: limit) }
      blocks.append(try block(label))
    }
    return blocks
  }

  private mutating func block(_ label: String) throws(PEMError) -> PEMBlock {
    let first = line
    var lines = [Range<Int>(uncheckedBounds: current)]
    var isInHeaders = true
    while let content = nextLine() {
      // Files that went through several systems may have an empty line after each line, which ends no headers.
      if content.isEmpty { continue }
      if Self.label(content, after: "-----BEGIN ") != nil { break }
      if isInHeaders, !content.contains(UInt8(ascii: ":")) {
        isInHeaders = false
        if lines.count > 1 { lines.append(content.startIndex..<content.startIndex) }
      }
      lines.append(Range(uncheckedBounds: current))
      guard let end = Self.label(content, after: "-----END ") else { continue }
      if end != label { throw .wrongEnd(label: label, end: end, line: first) }
      return PEMBlock(label: label, line: first, text: text(lines, isSecret: label.hasSuffix("PRIVATE KEY")))
    }
    throw .unterminated(label: label, line: first)
  }

  /// The bounds of the current line, without surrounding blanks and line end.
  private var current = (lower: 0, upper: 0)

  private mutating func nextLine() -> UnsafeRawBufferPointer.SubSequence? {
    guard position < bytes.count else { return nil }
    line += 1
    if feed < position { feed = place(of: 0x0A, before: bytes.count) }
    let end = place(of: 0x0D, before: feed)
    current = trimmed(position, end)
    position = end + 1
    // CRLF is one line end, and so is a lone CR.
    if end < feed, position == feed { position += 1 }
    return bytes[current.lower..<current.upper]
  }

  private func place(of byte: Int32, before end: Int) -> Int {
    guard let base = bytes.baseAddress, let found = memchr(base + position, byte, end - position) else { return end }
    return UnsafeRawPointer(found) - base
  }

  private func trimmed(_ lower: Int, _ upper: Int) -> (lower: Int, upper: Int) {
    var (lower, upper) = (lower, upper)
    while lower < upper, Self.mayBeBlank(bytes[lower]),
      let blank = Self.blanks.first(where: { bytes[lower..<upper].starts(with: $0) })
    {
      lower += blank.count
    }
    while lower < upper, Self.mayBeBlank(bytes[upper - 1]),
      let blank = Self.blanks.first(where: { bytes[lower..<upper].suffix($0.count).elementsEqual($0) })
    {
      upper -= blank.count
    }
    return (lower, upper)
  }

  private static func mayBeBlank(_ byte: UInt8) -> Bool { byte <= 0x20 || byte >= 0x80 }

  /// Space, tab, no-break space; the byte order mark, which joined files have in the middle, too; NUL and Ctrl-Z, with which some end.
  private static let blanks: [[UInt8]] = [[0x20], [0x09], [0xC2, 0xA0], [0xEF, 0xBB, 0xBF], [0x00], [0x1A]]

  private static func label(_ line: UnsafeRawBufferPointer.SubSequence, after prefix: String) -> String? {
    let (prefix, suffix) = (Array(prefix.utf8), Array("-----".utf8))
    guard line.count >= prefix.count + suffix.count, line.count <= 128, line.starts(with: prefix),
      line.suffix(suffix.count).elementsEqual(suffix)
    else { return nil }
    return String(decoding: line.dropFirst(prefix.count).dropLast(suffix.count), as: UTF8.self)
  }

  private func text(_ lines: [Range<Int>], isSecret: Bool) -> SecretBytes {
    SecretBytes(count: lines.reduce(0) { $0 + $1.count + 1 }, lock: isSecret) { target in
      var offset = 0
      for line in lines {
        let source = UnsafeRawBufferPointer(rebasing: bytes[line])
        UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
        offset += line.count
        target[offset] = 0x0A
        offset += 1
      }
    }
  }
}
