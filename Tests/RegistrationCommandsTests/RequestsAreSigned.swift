// Goal: a certificate is issued for a key that never left its host, whoever made the request; with only the names that the operator
// specifies; and nothing is issued for an invalid request.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct RequestsAreSigned {
  @Test func ofOpenSSLWithTheOperatorsNames() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await request(scheduler, "-subj", "/O=Elsewhere/CN=other", "-addext", "subjectAltName=DNS:evil.example.com")
    let answer = try await scheduler.succeed(
      "SIGN REQUEST /FILENAME=request.pem /OUT=agent.pem /AGENTNAME=AGENT01 /SAN=agent01.example.com,192.0.2.7")
    #expect(
      answer.contains("New certificate") && answer.contains("AGENT01, agent01.example.com, 192.0.2.7"), "\(answer)")
    let text = try await shown(scheduler)
    #expect(text.contains("Subject: CN = AGENT01\n") || text.contains("Subject: CN=AGENT01\n"), "\(text)")
    #expect(!text.contains("evil") && !text.contains("Elsewhere") && !text.contains("other"), "\(text)")
    try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    let verified = try await run(
      "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "AGENT01", "-CAfile",
      "root.pem",
      "agent.pem", directory: scheduler.folder.path)
    #expect(verified.outputText == "agent.pem: OK\n", "\(verified.errorText)")
    // It is one that can be revoked.
    let thumbprint = try #require(answer.thumbprint(after: "SHA-256"))
    try await scheduler.succeed("REVOKE CERT /THUMBPRINT=\(thumbprint)")
  }

  @Test func itIsValidForExactlyTheDaysAskedFor() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await request(scheduler, "-subj", "/CN=AGENT01")
    let today = try await run("date", "--utc", "+%s")
    let now = try #require(Int(today.outputText.dropLast()))
    for command in [
      "SIGN REQUEST /FILENAME=request.pem /OUT=agent.pem /AGENTNAME=A /DAYS=825",
      "CREATE AGENT LISTENER CERT /FILENAME=agent.pem /REPLACE /AGENTNAME=A /PEM /NOPASSWORD /DAYS=825",
    ] {
      try await scheduler.succeed(command)
      // Checked a minute before the end and a minute after it.
      for (seconds, isValid) in [(825 * 86400 - 60, true), (825 * 86400 + 60, false)] {
        let verified = try await run(
          "openssl", "verify", "-partial_chain", "-trusted", "agent.pem", "-attime", "\(now + seconds)", "agent.pem",
          directory: scheduler.folder.path)
        #expect((verified.end == .exited(0)) == isValid, "\(command) \(seconds): \(verified.errorText)")
      }
    }
  }

  @Test func theNamesOfARequestAreShownBeforeTheyAreSigned() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await request(scheduler, "-subj", "/CN=AGENT02", "-addext", "subjectAltName=DNS:agent02.example.com")
    let before = try scheduler.image()
    let refused = try await scheduler.register("SIGN REQUEST /FILENAME=request.pem /OUT=agent.pem")
    #expect(refused.end == .exited(64))
    #expect(
      refused.errorText.contains("asks for the names AGENT02, agent02.example.com: give the right ones"),
      "\(refused.errorText)")
    #expect(try scheduler.image() == before)
    let answer = try await scheduler.succeed("SIGN REQUEST /FILENAME=request.pem /OUT=agent.pem /REQUESTEDNAMES")
    #expect(answer.contains("AGENT02, agent02.example.com"), "\(answer)")
  }

  @Test(arguments: [
    (["rsa:1024"], [], "weak key (RSA 1024)"), (["rsa:2048"], ["email:root@example.com"], "only host names"),
    (["rsa:2048"], ["DNS:*.example.com"], "only host names"), (["rsa:2048"], ["URI:urn:x"], "only host names"),
  ])
  func refused(_ key: [String], _ names: [String], _ words: String) async throws {
    let scheduler = try await ScratchScheduler.ready()
    let wish = names.isEmpty ? [] : ["-addext", "subjectAltName=" + names.joined(separator: ",")]
    try await request(scheduler, key: key, ["-subj", "/CN=AGENT01"] + wish)
    try await expectRefusal(scheduler, words)
  }

  @Test func anotherKeysSignatureIsRefused() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await request(scheduler, "-subj", "/CN=AGENT01")
    let converted = try await run(
      "openssl", "req", "-in", "request.pem", "-outform", "DER", "-out", "request.der", directory: scheduler.folder.path
    )
    #expect(converted.end == .exited(0), "\(converted.errorText)")
    var bytes = try DurableFile.read(scheduler.folder.path("request.der"), limit: 65536)
    let name = try #require(bytes.firstRange(of: "AGENT01".utf8))
    bytes[name.lowerBound] = UInt8(ascii: "B")
    try scheduler.folder.write("request.pem", bytes)
    try await expectRefusal(scheduler, "not signed with its own key")
  }

  @Test(arguments: [
    ("", "holds no certificate request"),
    ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "damaged"),
    (String(repeating: "x", count: 16385), "larger than 16384 bytes"),
  ])
  func whatIsNoRequest(_ text: String, _ words: String) async throws {
    let scheduler = try await ScratchScheduler.ready()
    try scheduler.folder.write("request.pem", text)
    try await expectRefusal(scheduler, words)
  }

  private func expectRefusal(_ scheduler: ScratchScheduler, _ words: String) async throws {
    let before = try scheduler.image()
    let result = try await scheduler.register("SIGN REQUEST /FILENAME=request.pem /OUT=agent.pem /REQUESTEDNAMES")
    #expect(result.end == .exited(65), "\(result.errorText)")
    #expect(result.errorText.contains(words), "\(result.errorText)")
    #expect(try scheduler.image() == before)
    #expect(access(scheduler.folder.path("agent.pem"), F_OK) != 0)
  }

  private func request(_ scheduler: ScratchScheduler, _ arguments: String...) async throws {
    try await request(scheduler, key: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], arguments)
  }

  private func request(_ scheduler: ScratchScheduler, key: [String], _ arguments: [String]) async throws {
    let made = try await TestProcess(
      ["openssl", "req", "-new", "-nodes", "-keyout", "own.key", "-out", "request.pem", "-newkey"] + key + arguments,
      environment: ["PATH": "/usr/bin:/bin"], directory: scheduler.folder.path
    ).end()
    #expect(made.end == .exited(0), "\(made.errorText)")
  }

  private func shown(_ scheduler: ScratchScheduler) async throws -> String {
    try await run("openssl", "x509", "-in", "agent.pem", "-noout", "-text", directory: scheduler.folder.path).outputText
  }
}
