import FoundationEssentials
import Testing
import Values

/// A thumbprint is accepted as people copy and type it, and nothing else is.
struct ThumbprintTests {
  private static let sha1 = "9f68d64bb5f89fbaf3367240018e3cb0cd0246fa"
  private static let sha256 = "f606f7369479afb6a735a608ddfebc319c96a532d51a3353551ae81c56db7991"

  @Test(arguments: [
    sha1, sha256, sha1.uppercased(), "  \(sha256)\n",
    "9F:68:D6:4B:B5:F8:9F:BA:F3:36:72:40:01:8E:3C:B0:CD:02:46:FA",
    "9f 68 d6 4b b5 f8 9f ba f3 36 72 40 01 8e 3c b0 cd 02 46 fa",
    "\u{200E}9f68d64bb5f89fbaf3367240018e3cb0cd0246fa",  // as the Windows certificate dialog copies it
    "\u{FEFF}\u{200E} 9f68d64b",
    "9f-68-d6-4b-b5",
    "\u{202A}f606f736\u{202C}", "9f\u{A0}68\u{2009}d6\u{200B}4b", "f606f736", "F606F7369",
    "f606f7369479afb6a735a608ddfebc319c96a532",  // forty digits that begin a SHA-256
  ])
  func means(text: String) throws {
    #expect(try ThumbprintQuery(text).matches(sha1: Self.sha1, sha256: Thumbprint(Self.sha256)!))
  }

  @Test(arguments: ["00000000", "9f68d64c", "f606f7369479afb6a735a608ddfebc319c96a532d51a3353551ae81c56db7990"])
  func doesNotMean(text: String) throws {
    #expect(try !ThumbprintQuery(text).matches(sha1: Self.sha1, sha256: Thumbprint(Self.sha256)!))
  }

  @Test(arguments: [
    ("", "a thumbprint is 40 or 64 hex digits, or their first 8 or more; this one is empty"),
    ("\u{200E}", "a thumbprint is 40 or 64 hex digits, or their first 8 or more; this one is empty"),
    ("1234567", "a thumbprint is 40 or 64 hex digits, or their first 8 or more; this one has 7"),
    (
      String(repeating: "a", count: 65),
      "a thumbprint is 40 or 64 hex digits, or their first 8 or more; this one has 65"
    ),
    ("<thumbprint>", "<thumbprint> is a placeholder for your certificate's thumbprint, which agent-register -l shows"),
    (
      "12345678x",
      "a thumbprint is 40 or 64 hex digits, or their first 8 or more; \"12345678x\" has the character \"x\""
    ),
    (
      "１２３４５６７８",  // digits, but not ASCII
      "a thumbprint is 40 or 64 hex digits, or their first 8 or more; \"１２３４５６７８\" has the character \"１\""
    ),
  ])
  func refusal(text: String, message: String) {
    let error = #expect(throws: ThumbprintError.self) { try ThumbprintQuery(text) }
    #expect(error?.description == message)
  }

  @Test func theNameOfAFileIsExact() {
    #expect(Thumbprint(Self.sha256)?.description == Self.sha256)
    #expect(Thumbprint(Self.sha256.uppercased())?.description == Self.sha256)
    #expect(Thumbprint(Self.sha1) == nil)
    #expect(Thumbprint(" " + Self.sha256.dropFirst()) == nil)
    #expect(Thumbprint(digest: [UInt8](repeating: 0x0a, count: 32))?.description == String(repeating: "0a", count: 32))
    #expect(Thumbprint(digest: [1, 2]) == nil)
  }

  @Test func recordsAndTheLinkHaveOneSpelling() throws {
    let thumbprint = try #require(Thumbprint(Self.sha256))
    let text = "{\"\(Self.sha256)\":[\"\(Self.sha256)\"]}"
    #expect(String(decoding: try JSONEncoder().encode([thumbprint: [thumbprint]]), as: UTF8.self) == text)
    let read = try JSONDecoder().decode([Thumbprint: [Thumbprint]].self, from: Data(text.utf8))
    #expect(read == [thumbprint: [thumbprint]])
    for other in ["", "ab", Self.sha1, Self.sha256.uppercased(), Self.sha256 + "0", "é" + Self.sha256.dropFirst(2)] {
      #expect(throws: DecodingError.self, "\(other)") {
        try JSONDecoder().decode([Thumbprint].self, from: Data("[\"\(other)\"]".utf8))
      }
    }
  }

  @Test func theOrderIsThatOfTheDigits() {
    var random = SystemRandomNumberGenerator()
    let digits = (0..<100).map { _ in
      (0..<64).map { _ in String("019af".randomElement(using: &random)!) }.joined()
    }
    #expect(digits.compactMap { Thumbprint($0) }.sorted().map(\.description) == digits.sorted())
  }

  @Test(arguments: [
    ("9F:68:d6", "9f68d6"), (" 9f 68\u{200E}", "9f68"), ("9f-68", "9f68"), ("", nil), (":", nil), ("9g", nil),
    ("é9", nil),
    ("CN=9f", nil),
  ])
  func digitsAmongSeparators(text: String, digits: String?) {
    #expect(ThumbprintQuery.digits(in: text) == digits)
  }
}
