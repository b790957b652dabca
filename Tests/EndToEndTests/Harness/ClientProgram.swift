import TestSupport

/// TLS clients, as schedulers and people use them: by five libraries (OpenSSL, GnuTLS, NSS, Go's, Java's).
enum ClientProgram: String, CaseIterable, Sendable {
  case openssl, curl, python, wget, gnutls, nss, go, java

  /// Those that are quick enough for every row of a long table.
  static let quick: [ClientProgram] = [.openssl, .curl, .python, .gnutls]
  /// Those that `make test` installs.
  static let small: [ClientProgram] = [.openssl, .curl, .python, .wget, .gnutls, .nss]
  /// Those that are written for these tests, in languages whose toolchains only `make interop` installs.
  static let compiled: [ClientProgram] = [.go, .java]

  /// Whether it offers a certificate whose issuer is not among those that the server names; RFC 8446 section 4.2.4 lets it
  /// send none instead.
  var sendsUnwantedCertificates: Bool { self == .openssl || self == .curl || self == .python }

  /// What an answer to a good client begins with; of them, only curl offers HTTP/2.
  var success: String { self == .curl ? "HTTP/2 200 " : "HTTP/1.1 200 " }

  /// Asks for `GET /v1/agent` with one TLS version alone, on a connection of its own.
  ///
  /// - Returns: all that came back over HTTP; empty if the agent did not answer.
  func answer(from agent: Installation, _ version: TLSVersion, presenting presented: Presented) async throws -> String {
    let configuration = try agent.folder.write("weak-openssl.cnf", Self.weakOpenSSL)
    let process = try TestProcess(
      await command(agent, version, presented),
      environment: agent.environment.merging(["OPENSSL_CONF": configuration]) { $1 },
      input: self == .openssl || self == .gnutls ? Array(Self.request.utf8) : [])
    let result = try await process.end()
    // What these programs say of the handshake goes to standard output too.
    return result.outputText.firstRange(of: "HTTP/").map { String(result.outputText[$0.lowerBound...]) } ?? ""
  }

  // A client that would show weak certificates, which it is the agent's to refuse.
  private static let weakOpenSSL = """
    openssl_conf = all
    [all]
    ssl_conf = modules
    [modules]
    system_default = weak
    [weak]
    CipherString = DEFAULT@SECLEVEL=0
    """

  /// What those are given that know nothing of HTTP.
  static let request = "GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
}

/// The versions that the agent speaks.
enum TLSVersion: Sendable, CaseIterable {
  case tls12, tls13

  var minor: Int { self == .tls12 ? 2 : 3 }
}
