import Glibc

/// agentd's record of clients, written by tests from certificates, without the code under test.
public struct ClientRecord: Sendable {
  private var lines: [String] = []

  /// Creates a record without clients.
  public init() {}

  /// Adds a client that was last admitted `ago` seconds ago.
  ///
  /// - Parameter presenting: the certificates it presented besides its own.
  public mutating func add(
    _ client: Credential, through root: Credential, ago: Int = 60, presenting others: [Credential] = []
  ) throws {
    let certificates = try ([client] + others).map { credential in
      try credential.certificatePEM.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
    }
    lines.append(
      "\(time(nil) - ago) \(try client.sha256) \(try root.sha256) \(certificates.joined(separator: ","))\n")
  }

  /// The contents of the file.
  public var text: String { "agentd clients 1\n\(lines.joined())end \(lines.count)\n" }
}

extension Credential {
  /// The SHA-256 of the certificate, from openssl: 64 lower-case hex digits.
  public var sha256: String {
    get throws {
      let text = try OpenSSLTool.run(
        ["x509", "-in", certificatePath, "-noout", "-fingerprint", "-sha256"], scratch: folder)
      return text.drop { $0 != "=" }.dropFirst().filter(\.isHexDigit).lowercased()
    }
  }
}
