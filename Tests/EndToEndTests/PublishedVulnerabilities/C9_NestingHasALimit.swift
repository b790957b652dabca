// The vulnerability: GHSA-wh38-wg57-5w7g of Icinga 2. Deeply nested data overflowed the stack before authentication.
// The promise: each decoder refuses data that is nested too deeply, too long or too numerous, and its process survives: for data from
// strangers and clients, and for data from an administrator.
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite struct C9_NestingHasALimit {
  private static let deep = 100_000

  @Test(arguments: TLSVersion.allCases)
  func inACertificate(version: TLSVersion) async throws {
    let agent = try await Installation.running()
    let listener = try await agent.listenerID()
    for (index, root) in [agent.certificates.root, try PKI.shared.root("Stranger's Root")].enumerated() {
      // A name of a private kind (RFC 5280, otherName) with nested sequences.
      let client = try PKI.shared.issue(
        CertificateRecipe("/CN=Nested \(index)", .client).with {
          $0.extensions = ["subjectAltName = DER:\(Self.nestedName(depth: 3000))"]
        }, by: root)
      _ = try await ClientProgram.openssl.answer(from: agent, version, presenting: Presented(client))
    }
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(try await agent.listenerID() == listener)
  }

  private static let bodies = [
    "arrays": String(repeating: "[", count: deep), "objects": String(repeating: #"{"a":"#, count: deep),
    "arrays of arguments": #"{"command":["# + String(repeating: "[", count: 400_000),
    "objects of variables": #"{"command":["/bin/true"],"environment":"# + String(repeating: #"{"a":"#, count: deep),
  ]

  @Test(arguments: bodies.keys.sorted()) func inAJob(nested: String) async throws {
    let body = try #require(Self.bodies[nested])
    let agent = try await Installation.running()
    let listener = try await agent.listenerID()
    let file = try agent.folder.write("body", body)
    for version in ["--http1.1", "--http2"] {
      let answer = try await agent.request(
        "PUT", "jobs/deep", curl: [version, "--header", "Content-Type: application/json", "--data-binary", "@\(file)"])
      #expect(answer.status == 400, "\(answer.text.prefix(200))")
    }
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(try await agent.listenerID() == listener)
  }

  @Test(arguments: ["--http1.1", "--http2"]) func headersHaveLimits(version: String) async throws {
    let agent = try await Installation.running()
    let listener = try await agent.listenerID()
    let many = (0..<300).flatMap { ["--header", "X-\($0): 1"] }
    let long = ["--header", "X-Long: \(String(repeating: "x", count: 60_000))"]
    for arguments in [many, long] {
      let status = try? await agent.request("GET", "agent", curl: [version] + arguments).status
      #expect(status == 431 || (status == nil && version == "--http2"), "\(status ?? 0)")
    }
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(try await agent.listenerID() == listener)
  }

  private static let configurations = [
    "arrays": "x = \(String(repeating: "[", count: deep))", "tables": String(repeating: "[a.", count: deep),
  ]

  @Test(arguments: configurations.keys.sorted()) func inConfiguration(nested: String) async throws {
    let text = try #require(Self.configurations[nested])
    let agent = try await Installation()
    try await agent.register()
    let written = try agent.folder.read("agentd.toml")
    try agent.folder.write("agentd.toml", written + text + "\n")
    #expect(try await agent.failedStart().end == .exited(EX_CONFIG))
  }

  @Test(arguments: ["der", "pem"]) func inWhatIsImported(form: String) async throws {
    let agent = try await Installation()
    var bytes = [UInt8](repeating: 0x30, count: 0)
    // Sequences of indefinite length: two bytes each.
    for _ in 0..<Self.deep { bytes += [0x30, 0x80] }
    try agent.folder.write("deep.der", bytes)
    if form == "pem" {
      let base64 = try await run("openssl", "base64", "-in", agent.folder.path("deep.der")).outputText
      try agent.folder.write(
        "deep.pem", "-----BEGIN CERTIFICATE-----\n\(base64)-----END CERTIFICATE-----\n")
    }
    let result = try await TestProcess(
      [agent.folder.path("bin/jams-register"), "-I", "deep.\(form)"], environment: agent.environment,
      directory: agent.folder.path
    ).end()
    #expect(result.end == .exited(EX_DATAERR), "\(result.end) \(result.errorText)")
  }

  /// DER, in hexadecimal digits: SEQUENCE { [0] { OID, [0] { SEQUENCE { SEQUENCE { ... } } } } }.
  private static func nestedName(depth: Int) -> String {
    func wrapped(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
      let count = content.count
      let length: [UInt8] =
        count < 128
        ? [UInt8(count)] : count < 65536 ? [0x82, UInt8(count >> 8), UInt8(count & 255)] : []
      return content.reversed() + length.reversed() + [tag]
    }
    // Built from the inside out, backwards, so that each step appends.
    var backwards: [UInt8] = []
    for _ in 0..<depth {
      let count = backwards.count
      backwards += count < 128 ? [UInt8(count)] : [UInt8(count & 255), UInt8(count >> 8), 0x82]
      backwards.append(0x30)
    }
    let inner = Array(backwards.reversed())
    let value = Array(wrapped(0xA0, inner).reversed())
    let name = Array(wrapped(0xA0, [0x06, 0x03, 0x2A, 0x03, 0x04] + value).reversed())
    let all = Array(wrapped(0x30, name).reversed())
    let digits = Array("0123456789abcdef")
    return String(all.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
