// Goal: every counter of GET /metrics counts what its name says, so that an alert on it can ever fire; and the documents name all of them.
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct EveryCounterGrows {
  private func page(_ agent: Installation) async throws -> PrometheusText {
    try PrometheusText(try await agent.request("GET", "../metrics").text)
  }

  /// A client for each limit of connections, in one process; each waits until agentd drops the connection that is too many.
  @Test func ofConnectionsThatAreDropped() async throws {
    let agent = try await Installation.running(
      configuration: """
        [limits]
        handshake_timeout = 600
        connections = 4
        connections_per_source = 3
        unauthenticated_per_source = 2
        unauthenticated = "4:100:4"

        """)
    func dropped(_ page: PrometheusText) -> [String: Double] {
      page.values.filter { $0.key.hasPrefix("agentd_connections_dropped_total{") }
    }
    let before = dropped(try await page(agent))
    #expect(before.count == 5 && before.values.allSatisfy { $0 == 0 }, "\(before)")
    let files = try #require(agent.certificates.connector.files)
    let other = try PKI.shared.client("Other", by: agent.certificates.root)
    let clients = try await TestProcess(
      [
        "python3", "-c", Self.clients, "\(agent.port)", agent.certificates.rootPath, files.chain, files.key,
        other.chainPath, other.keyPath,
      ],
      environment: agent.environment
    ).end()
    #expect(clients.end == .exited(0), "\(clients.errorText)")
    let after = try await wait(for: "room") { try? dropped(await page(agent)) }
    func count(_ limit: String) -> Double? { after["agentd_connections_dropped_total{limit=\"\(limit)\"}"] }
    #expect(count("connections_per_source") == 1)
    #expect(count("unauthenticated_per_source") == 1)
    #expect(count("unauthenticated") == 1, "\(after)")
    #expect(try #require(count("connections_per_client")) >= 1)
    // Until agentd has noticed that the clients are gone, there is no room for the page.
    #expect(try #require(count("connections")) >= 1)
  }

  private static let clients = """
    import select, socket, ssl, sys
    port, root, *clients = sys.argv[1:]
    def client(chain, key):
      context = ssl.create_default_context(cafile=root)
      context.load_cert_chain(chain, key)
      return context
    first, second = client(*clients[:2]), client(*clients[2:])
    held = []
    def stranger(source):
      peer = socket.create_connection(("127.0.0.1", int(port)), timeout=60, source_address=(source, 0))
      held.append(peer)
      return peer
    def answer(source, context):
      peer = context.wrap_socket(stranger(source), server_hostname="localhost")
      held.append(peer)
      try:
        peer.sendall(b"GET /v1/agent HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
        return peer.recv(1000)
      except (OSError, ssl.SSLError): return b""
    def proven(source, context):
      assert answer(source, context).startswith(b"HTTP/1.1 200")
    def dropped(source, others=()):
      # Connections are accepted by several threads: it may be one of the others.
      readable = select.select([stranger(source), *others], [], [], 60)[0]
      assert len(readable) == 1, readable
      try: rest = readable[0].recv(1)
      except ConnectionResetError: rest = b""
      assert rest == b"", rest
    for _ in range(3): proven("127.0.0.2", first)
    # The address of the test's own client, which has authenticated before.
    assert answer("127.0.0.1", first) == b""
    dropped("127.0.0.2")
    dropped("127.0.0.3", [stranger("127.0.0.3") for _ in range(2)])
    dropped("127.0.0.5", [stranger("127.0.0.4") for _ in range(2)])
    proven("127.0.0.1", second)
    dropped("127.0.0.1")
    """

  @Test func ofJobsByTheirEnd() async throws {
    let agent = try await Installation.running(configuration: "[jobs]\nmax_running = 1\nmax_queued = 1\n")
    let directory = #""directory": "/""#
    let before = try await page(agent)
    try await agent.finish("succeeded", ["/bin/true"], fields: directory)
    try await agent.finish("failed", ["/bin/false"], fields: directory)
    try await agent.finish("killed", ["/bin/sh", "-c", "kill -9 $$"], fields: directory)
    try await agent.finish("timed_out", ["/bin/sleep", "600"], fields: directory, #""timeout": 0.1"#)
    try await agent.finish("output_limit", ["/usr/bin/yes"], fields: directory, #""output_limit": 1000"#)
    try await agent.finish("could_not_start", ["/no/such/program"], fields: directory)
    try await agent.submit("held", ["/bin/sh", "-c", "read line < held"], fields: try agent.gate("held"))
    try await agent.submit("cancelled", ["/bin/true"], fields: directory)
    let full = try await agent.request("PUT", "jobs/full", body: #"{"command": ["/bin/true"], "directory": "/"}"#)
    #expect(full.status == 503)
    #expect(try await agent.request("POST", "jobs/cancelled/cancel").status <= 202)
    #expect(try await agent.job("cancelled", wait: 30).state == .cancelled)

    let page = try await page(agent)
    func ended(_ page: PrometheusText, _ state: String) -> Double? {
      page.values["agentd_jobs_ended_total{state=\"\(state)\"}"]
    }
    for state in ["succeeded", "failed", "killed", "timed_out", "output_limit", "could_not_start", "cancelled"] {
      #expect(ended(before, state) == 0 && ended(page, state) == 1, "\(state)")
    }
    #expect(page.values["agentd_jobs_submitted_total"] == 8)
    #expect(page.values["agentd_requests_total{operation=\"submitJob\",status=\"2xx\"}"] == 8)
    #expect(page.values["agentd_requests_total{operation=\"submitJob\",status=\"5xx\"}"] == 1)

    let shepherd = try await wait(for: "the shepherd") { agent.shepherds.first }
    let job = try ProcessTable.children(of: shepherd)
    // Both at once: a job that ends without its shepherd is interrupted.
    kill(shepherd, SIGKILL)
    job.forEach { kill($0, SIGKILL) }
    #expect(try await agent.job("held", wait: 30).state == .interrupted)
    #expect(ended(try await self.page(agent), "interrupted") == 1)
  }

  /// Each handshake takes time, and the clock has ticks of some milliseconds.
  @Test func ofProcessorTime() async throws {
    let agent = try await Installation.running()
    let before = try await page(agent)
    for role in ["supervisor", "listener", "signer"] {
      let series = "agentd_process_cpu_seconds_total{process=\"\(role)\"}"
      let first = try #require(before.values[series])
      try await wait(for: "the time of the \(role)") { try await page(agent).values[series] ?? 0 > first }
    }
  }

  /// The rules of the alert about refused clients that no other test of the page has: see HandshakesAreCounted.
  @Test func ofClientsThatAreRefused() async throws {
    let agent = try await Installation.running()
    let root = agent.certificates.root
    let revoked = try PKI.shared.client("Revoked", by: root)
    let early = try PKI.shared.issue(
      CertificateRecipe("/CN=early", .client).with { ($0.notBefore, $0.notAfter) = (86400, 30 * 86400) }, by: root)
    try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [revoked], number: 1))
    try await agent.logLine(with: "reload complete")
    for credential in [revoked, early, early] {
      await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: Presented(credential)) }
    }
    let page = try await page(agent)
    #expect(page.values["agentd_handshakes_refused_total{rule=\"revoked\"}"] == 1)
    #expect(page.values["agentd_handshakes_refused_total{rule=\"not_yet_valid\"}"] == 2)
  }

  @Test func andIsDocumented() async throws {
    let counters = try await page(Installation.running()).kinds.filter { $0.value == "counter" }.map(\.key)
    let document = try DurableFile.read("\(BuiltProduct.packageFolder)/docs/openapi.yaml", limit: 1 << 20)
    let named = String(decoding: document, as: UTF8.self).matches(of: #/\bagentd_[a-z_]+_total\b/#)
    #expect(Set(named.map { String($0.0) }) == Set(counters))
  }
}
