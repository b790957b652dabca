// Goal: Tab offers what may come next at that place, and nothing else.
import RegistrationCommands
import Testing

@Suite struct WhatFitsIsOffered {
  static let rows: [(text: String, word: String, offered: [String]?)] = [
    ("", "cre", ["CREATE"]), ("", "e", ["EXIT", "EXPORT"]), ("", "/", []),
    ("EXPORT ", "", ["CONNECTORS", "CRL", "EXEC", "ROOT"]),
    ("create exec ", "", ["CONNECTOR"]), ("CREATE ROOT CA ", "s", []), ("CREATE ROOT CA ", "/s", ["/STOREKEY"]),
    ("CREATE ROOT CA /STOREKEY /KEYTYPE=P-256 ", "/", ["/DAYS=", "/MAKEDEFAULT", "/NAME="]),
    ("CREATE ROOT CA /STOREKEY ", "C", []), ("CREATE NOTHING ", "", []), ("HELP LIST ", "C", ["CERT"]),
    ("HELP LIST CERT ", "", []), ("EXPORT CRL /FILENAME=", "cr", nil), ("SIGN REQUEST /OUT=", "", nil),
    ("REVOKE CERT /AGENTNAME=", "w", ["web1", "Web2"].sorted()), ("ADD EXECUTOR CONNECTOR /platform=", "l", ["Linux"]),
    ("CREATE ROOT CA /KEYTYPE=", "rsa", ["RSA-2048", "RSA-3072", "RSA-4096"]), ("CREATE ROOT CA /DAYS=", "", []),
    // The command began in a line before.
    ("CREATE ROOT CA  ", "/m", ["/MAKEDEFAULT"]),
  ]

  @Test(arguments: rows) func atThatPlace(_ row: (text: String, word: String, offered: [String]?)) {
    let offered = Vocabulary.completions(of: row.word, after: row.text) { ["web1", "Web2", "other"] }
    #expect(offered == row.offered, "\(row.text)|\(row.word)")
  }
}
