import TestSupport

/// TLS clients of four makes, as schedulers and people use them.
enum ClientProgram: String, CaseIterable, Sendable {
  case openssl, curl, python, gnutls

  /// Whether it offers a certificate whose issuer is not among those that the server names; RFC 8446 section 4.2.4 lets it
  /// send none instead.
  var sendsUnwantedCertificates: Bool { self != .gnutls }

  /// Asks for `GET /v1/agent` with one TLS version alone, on a connection of its own.
  ///
  /// - Returns: all that came back over HTTP; empty if the agent did not answer.
  func answer(from agent: Installation, _ version: TLSVersion, presenting presented: Presented) async throws -> String {
    let configuration = try agent.folder.write("weak-openssl.cnf", Self.weakOpenSSL)
    let process = try TestProcess(
      command(agent, version, presented),
      environment: agent.environment.merging(["OPENSSL_CONF": configuration]) { $1 },
      input: self == .openssl || self == .gnutls ? Array(Self.request.utf8) : [])
    let result = try await process.end()
    // What these programs say of the handshake goes to standard output too.
    return result.outputText.firstRange(of: "HTTP/1.1 ").map { String(result.outputText[$0.lowerBound...]) } ?? ""
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

  private static let request = "GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

  private func command(_ agent: Installation, _ version: TLSVersion, _ presented: Presented) -> [String] {
    let root = agent.certificates.rootPath
    switch self {
    case .openssl:
      return [
        "openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(agent.port)", "-CAfile", root, "-verify_return_error",
      ]
        + ["-servername", "localhost", version == .tls12 ? "-tls1_2" : "-tls1_3"]
        + (presented.files.map { ["-cert", $0.chain, "-cert_chain", $0.chain, "-key", $0.key] } ?? [])
    case .curl:
      return ["curl", "--include"] + agent.curlArguments(as: presented)
        + ["--tlsv1.\(version.minor)", "--tls-max", "1.\(version.minor)", "\(agent.url)/agent"]
    case .python:
      return ["python3", "-c", Self.pythonClient, "\(agent.port)", root, "TLSv1_\(version.minor)"]
        + (presented.files.map { [$0.chain, $0.key] } ?? [])
    case .gnutls:
      return ["gnutls-cli", "--logfile", "/dev/null", "--port", "\(agent.port)", "--x509cafile", root]
        + ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.\(version.minor)", "--sni-hostname", "localhost"]
        + ["--verify-hostname", "localhost"]
        + (presented.files.map { ["--x509certfile", $0.chain, "--x509keyfile", $0.key] } ?? []) + ["127.0.0.1"]
    }
  }

  private static let pythonClient = """
    import socket, ssl, sys
    port, root, version, *files = sys.argv[1:]
    context = ssl.create_default_context(cafile=root)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    if files: context.load_cert_chain(*files)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), 20), server_hostname="localhost") as peer:
      peer.sendall(b"GET /v1/agent HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
      while chunk := peer.recv(65536): sys.stdout.write(chunk.decode())
    """
}

/// The versions that the agent speaks.
enum TLSVersion: Sendable, CaseIterable {
  case tls12, tls13

  var minor: Int { self == .tls12 ? 2 : 3 }
}
