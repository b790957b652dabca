import TestSupport

/// TLS clients that schedulers and people use, built on five libraries (OpenSSL, GnuTLS, NSS, Go's, Java's).
enum ClientProgram: String, CaseIterable, Sendable {
  case openssl, curl, python, wget, gnutls, nss, go, java

  /// Clients that are fast enough for every row of a long table.
  static let quick: [ClientProgram] = [.openssl, .curl, .python, .gnutls]
  /// Clients that `make test` installs.
  static let small: [ClientProgram] = [.openssl, .curl, .python, .wget, .gnutls, .nss]
  /// Clients written for these tests, in languages whose toolchains only `make interop` installs.
  static let compiled: [ClientProgram] = [.go, .java]

  /// Whether it offers a certificate whose issuer is not among those named by the server; RFC 8446 section 4.2.4 allows it to send none
  /// instead.
  var sendsUnwantedCertificates: Bool { self == .openssl || self == .curl || self == .python }

  /// The beginning of an answer to a valid client; only curl offers HTTP/2.
  var success: String { self == .curl ? "HTTP/2 200 " : "HTTP/1.1 200 " }

  /// Requests `GET /v1/agent` with one TLS version only, on a separate connection.
  ///
  /// - Returns: everything that came back over HTTP; empty if the agent did not answer.
  func answer(from agent: Installation, _ version: TLSVersion, presenting presented: Presented) async throws -> String {
    let configuration = try agent.folder.write("weak-openssl.cnf", Self.weakOpenSSL)
    let process = try TestProcess(
      await command(agent, version, presented),
      environment: agent.environment.merging(["OPENSSL_CONF": configuration]) { $1 },
      input: self == .openssl || self == .gnutls ? Array(Self.request.utf8) : [])
    let result = try await process.end()
    // These programs also print handshake information to standard output.
    return result.outputText.firstRange(of: "HTTP/").map { String(result.outputText[$0.lowerBound...]) } ?? ""
  }

  // Makes clients present weak certificates, which the agent must refuse.
  private static let weakOpenSSL = """
    openssl_conf = all
    [all]
    ssl_conf = modules
    [modules]
    system_default = weak
    [weak]
    CipherString = DEFAULT@SECLEVEL=0
    """

  /// The input of clients that do not speak HTTP themselves.
  static let request = "GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
}

/// The TLS versions that the agent supports.
enum TLSVersion: Sendable, CaseIterable {
  case tls12, tls13

  var minor: Int { self == .tls12 ? 2 : 3 }
}
