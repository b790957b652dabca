// The vulnerabilities: CVE-2013-4439 of Salt, which allowed one minion to impersonate another, and PYSEC-2026-1902, where an older protocol
// had fewer checks.
// The promise: a client's identity comes from the certificate of the connection, never from the request; in the oldest supported protocol
// as in the newest.
import FoundationEssentials
import TestCertificates
import TestSupport
import Testing

@Suite struct C13_IdentityComesFromTheCertificate {
  private static let claims = [
    "X-Client-Cert", "X-SSL-Client-S-DN", "X-SSL-Client-Verify", "SSL-Client-Subject", "X-Forwarded-Client-Cert",
    "X-Remote-User", "Remote-User", "From", "Forwarded", "X-Client-Subject", "Client-Cert",
  ]

  @Test(arguments: TLSVersion.allCases, ["--http1.1", "--http2"])
  func noHeaderChangesIt(version: TLSVersion, http: String) async throws {
    let agent = try await Installation.running()
    let other = try PKI.shared.client("Somebody Else", by: agent.certificates.root)
    let headers = Self.claims.flatMap { ["--header", "\($0): CN=Somebody Else"] }
    let answer = try await agent.request(
      "PUT", "jobs/mine", body: #"{"command": ["/bin/true"], "directory": "/"}"#,
      curl: headers + [
        http, "--user", "Somebody Else:x", "--tlsv1.\(version.minor)", "--tls-max", "1.\(version.minor)",
      ])
    #expect(answer.status == 201, "\(answer.text)")
    let mine = try JSONDecoder().decode(Job.self, from: Data(answer.body)).client
    #expect(mine.subject == "CN=Executor Connector")

    // The same name with another key of the same CA is distinguished by its thumbprint.
    let twin = try PKI.shared.issue(
      CertificateRecipe("/CN=Executor Connector", .client).with { $0.variant = 1 }, by: agent.certificates.root)
    for (name, client) in [("theirs", other), ("twins", twin)] {
      let answer = try await agent.request(
        "PUT", "jobs/\(name)", body: #"{"command": ["/bin/true"], "directory": "/"}"#, as: Presented(client))
      let who = try JSONDecoder().decode(Job.self, from: Data(answer.body)).client
      #expect(who.thumbprint != mine.thumbprint)
    }
  }

  /// A rule compares the whole subject: one common name of several is not the client's name.
  @Test func ofSeveralCommonNamesNoneIsTheClients() async throws {
    let agent = try await Installation.running(
      configuration: """
        [[client]]
        certificate = "CN=Executor Connector"
        [[client]]
        certificate = "CN=svc-jobs,CN=Users,DC=corp,DC=example"
        read_only = true
        """)
    func status(_ subject: String) async throws -> Int {
      let client = try PKI.shared.issue(CertificateRecipe(subject, .client), by: agent.certificates.root)
      return try await agent.request("GET", "jobs", as: Presented(client)).status
    }
    #expect(try await status("/CN=Executor Connector/CN=admin") == 403)
    #expect(try await status("/CN=admin/CN=Executor Connector") == 403)
    #expect(try await status("/DC=example/DC=corp/CN=Users/CN=svc-jobs") == 200)
    #expect(try await agent.request("GET", "jobs").status == 200)
  }

  @Test func anIdentityInTheBodyIsAnUnknownKey() async throws {
    let agent = try await Installation.running()
    let body = #"{"command": ["/bin/true"], "client": {"subject": "CN=Somebody Else", "thumbprint": "00"}}"#
    #expect(try await agent.request("PUT", "jobs/x", body: body).status == 400)
  }

  @Test func whatARequestSaysOfItselfDoesNotCount() async throws {
    let agent = try await Installation.running(
      configuration: "[[client]]\ncertificate = \"*\"\ndefault_user = \"nobody\"\n")
    let second = Presented(try PKI.shared.client("Second", by: agent.certificates.root))
    try await agent.submit("a", ["/bin/sleep", "600"])
    let pretending = [
      "X-Forwarded-Client-Cert: Subject=\"CN=Executor Connector\"", "X-SSL-Client-S-DN: CN=Executor Connector",
      "From: Executor Connector", "Authorization: Basic RXhlY3V0b3IgQ29ubmVjdG9yOng=", "X-Remote-User: root",
    ].flatMap { ["--header", $0] }
    for (method, path) in [("GET", "jobs/a"), ("POST", "jobs/a/cancel"), ("DELETE", "jobs/a")] {
      #expect(try await agent.request(method, path, as: second, curl: pretending).status == 404, "\(method) \(path)")
    }
    for member in ["client", "subject", "thumbprint", "submitted_by"] {
      let body = #"{"command": ["/bin/true"], "\#(member)": {"subject": "CN=Executor Connector"}}"#
      #expect(try await agent.request("PUT", "jobs/b", body: body, as: second, curl: pretending).status == 400)
    }
    let taken = try await agent.request(
      "PUT", "jobs/c", body: #"{"command": ["/bin/true"]}"#, as: second, curl: pretending)
    #expect(taken.status == 201 && taken.text.contains(#""subject":"CN=Second""#), "\(taken.text)")
    // If a client may see only its own jobs, querying another's by thumbprint does not help.
    let theirs = try await agent.job("a").client.thumbprint
    #expect(try await agent.request("GET", "jobs?client=\(theirs)", as: second).text.contains(#""jobs":[]"#))
    #expect(try await agent.job("a").state == .running)
    #expect(try await agent.request("POST", "jobs/a/cancel").status == 200)
  }

  private struct Job: Decodable {
    struct Client: Decodable {
      let subject: String
      let thumbprint: String
    }
    let client: Client
  }
}
