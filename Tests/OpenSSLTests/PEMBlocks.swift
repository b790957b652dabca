import OpenSSL
import Testing

/// PEM blocks are found whatever a mail program, an editor or Windows did to the file.
@Suite struct PEMBlocks {
  struct Row: Sendable {
    let text: String
    let found: [String]
  }

  static let rows: [Row] = [
    Row(text: "", found: []),
    Row(text: "no block at all\n", found: []),
    Row(text: "-----BEGIN A-----\nQQ==\n-----END A-----\n", found: ["A@1:QQ=="]),
    Row(text: "-----BEGIN A-----\nQQ==\n-----END A-----", found: ["A@1:QQ=="]),
    Row(text: "-----BEGIN A-----\r\nQQ==\r\n-----END A-----\r\n", found: ["A@1:QQ=="]),
    Row(text: "-----BEGIN A-----\rQQ==\r-----END A-----\r", found: ["A@1:QQ=="]),
    Row(text: "\u{FEFF}-----BEGIN A-----\nQQ==\n-----END A-----\n", found: ["A@1:QQ=="]),
    Row(text: "  -----BEGIN A----- \t\n QQ== \n\t-----END A-----  \n", found: ["A@1:QQ=="]),
    Row(
      text: "Bag Attributes\n  x: y\n-----BEGIN A B-----\nQQ==\nQg==\n-----END A B-----\nand\n-----BEGIN C-----\n"
        + "Qw==\n-----END C-----\nend", found: ["A B@3:QQ==,Qg==", "C@8:Qw=="]),
    Row(text: "-----BEGIN A-----\r\r\nQQ==\r\r\n-----END A-----\r\r\n", found: ["A@1:QQ=="]),
    Row(text: "-----BEGIN A-----\n\nQQ==\n\nQg==\n\n-----END A-----\n\n", found: ["A@1:QQ==,Qg=="]),
    Row(
      text: "-----BEGIN A-----\nX: y\n\nZ: w\n\nQQ==\n\n-----END A-----\n", found: ["A@1:X: y,Z: w,,QQ=="]),
    Row(
      text: "\u{FEFF}-----BEGIN A-----\nQQ==\n-----END A-----\n\u{FEFF}-----BEGIN B-----\nQg==\n-----END B-----\n",
      found: ["A@1:QQ==", "B@4:Qg=="]),
    Row(text: "-----BEGIN A-----\u{A0}\t\nQQ==\u{A0}\n\u{A0}-----END A-----\u{1A}", found: ["A@1:QQ=="]),
    Row(text: "-----BEGIN A-----\nQQ==\n-----END A-----\0\0", found: ["A@1:QQ=="]),
    Row(text: "-----BEGIN A-----\n-----END A-----\n", found: ["A@1:"]),
    Row(text: "-----BEGIN A----\n-----END A-----\n", found: []),  // one hyphen missing
  ]

  @Test(arguments: rows)
  func areFound(_ row: Row) throws {
    let blocks = try PEMBlock.all(in: Array(row.text.utf8))
    let found = blocks.map { block in
      let lines = block.text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }.split(
        separator: "\n", omittingEmptySubsequences: false
      ).dropLast()
      return "\(block.label)@\(block.line):\(lines.dropFirst().dropLast().joined(separator: ","))"
    }
    #expect(found == row.found)
  }

  static let faults: [(text: String, error: PEMError)] = [
    ("\n-----BEGIN A-----\nQQ==\n", .unterminated(label: "A", line: 2)),
    ("-----BEGIN A-----\n-----BEGIN B-----\n-----END B-----\n", .unterminated(label: "A", line: 1)),
    ("-----BEGIN A-----\nQQ==\n-----END B-----\n", .wrongEnd(label: "A", end: "B", line: 1)),
    (String(repeating: "-----BEGIN A-----\n-----END A-----\n", count: 1025), .tooManyBlocks(limit: 1024)),
  ]

  @Test(arguments: faults)
  func damageIsNamed(_ row: (text: String, error: PEMError)) {
    #expect(throws: row.error) { try PEMBlock.all(in: Array(row.text.utf8)) }
  }

  @Test func kinds() throws {
    let labels: [(String, PEMBlock.Kind)] = [
      ("CERTIFICATE", .certificate), ("X509 CERTIFICATE", .certificate), ("TRUSTED CERTIFICATE", .certificate),
      ("PRIVATE KEY", .privateKey), ("ENCRYPTED PRIVATE KEY", .privateKey), ("RSA PRIVATE KEY", .privateKey),
      ("X509 CRL", .revocationList), ("EC PARAMETERS", .other), ("PKCS7", .message),
      ("PKCS #7 SIGNED DATA", .message), ("CMS", .message), ("CERTIFICATE REQUEST", .other),
    ]
    for (label, kind) in labels {
      let text = "-----BEGIN \(label)-----\n-----END \(label)-----\n"
      #expect(try PEMBlock.all(in: Array(text.utf8)).map(\.kind) == [kind])
    }
  }
}
