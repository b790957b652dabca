import SystemCalls
import TestCertificates
import TestSupport

extension ClientProgram {
  /// The command with which it sends one request, with files for its input.
  func command(_ agent: Installation, _ version: TLSVersion, _ presented: Presented) async throws -> [String] {
    let root = agent.certificates.rootPath
    let usual = ["\(agent.port)", root, "1.\(version.minor)"]
    let files = presented.files.map { [$0.chain, $0.key] } ?? []
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
    case .wget:
      return ["wget", "--quiet", "--output-document=-", "--save-headers", "--tries=1", "--no-hsts", "--no-proxy"]
        + ["--ciphers=\(Self.gnutlsPriority(version))", "--ca-certificate=\(root)"]
        + (presented.files.map { ["--certificate=\($0.chain)", "--private-key=\($0.key)"] } ?? [])
        + ["\(agent.url)/agent"]
    case .gnutls:
      return ["gnutls-cli", "--logfile", "/dev/null", "--port", "\(agent.port)", "--x509cafile", root]
        + ["--priority", Self.gnutlsPriority(version), "--sni-hostname", "localhost"]
        + ["--verify-hostname", "localhost"]
        + (presented.files.map { ["--x509certfile", $0.chain, "--x509keyfile", $0.key] } ?? []) + ["127.0.0.1"]
    case .nss:
      return try await nssCommand(agent, version, presented)
    case .python:
      return ["python3", "\(CompiledClients.sources)/agent.py"] + usual + files
    case .go:
      return [try await CompiledClients.go.value] + usual + files
    case .java:
      return try await ["java", "-XX:TieredStopAtLevel=1", "-cp", CompiledClients.java.value, "Agent"] + usual
        + (try presented.pkcs12().map { [$0, Presented.pkcs12Password] } ?? [])
    }
  }

  private static func gnutlsPriority(_ version: TLSVersion) -> String {
    "NORMAL:-VERS-ALL:+VERS-TLS1.\(version.minor)"
  }

  // NSS reads certificates only from a database.
  private func nssCommand(
    _ agent: Installation, _ version: TLSVersion, _ presented: Presented
  ) async throws -> [String] {
    let folder = try PKI.shared.scratchFolder()
    let database = "sql:\(folder)"
    func make(_ command: String...) async throws {
      let result = try await TestProcess(command, environment: agent.environment).end()
      if result.end != .exited(0) { throw HarnessError("\(command): \(result.errorText)") }
    }
    try await make("certutil", "-N", "-d", database, "--empty-password")
    try await make(
      "certutil", "-A", "-d", database, "-n", "root", "-t", "CT,,", "-i", agent.certificates.rootPath)
    if let container = try presented.pkcs12() {
      try await make("pk12util", "-i", container, "-d", database, "-W", Presented.pkcs12Password, "-K", "")
    }
    let request = try agent.folder.write("request", Self.request)
    let exactly = "tls1.\(version.minor):tls1.\(version.minor)"
    return ["tstclnt", "-4", "-h", "localhost", "-p", "\(agent.port)", "-d", database, "-V", exactly, "-A", request]
      + (presented.files == nil ? [] : ["-n", Presented.pkcs12Name])
  }
}
