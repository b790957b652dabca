import AgentProtocol
import TestCertificates
import TestSupport
import Testing
import Values

@testable import Listener

/// Real clients with a valid certificate.
struct Clients {
  @Test(arguments: ["1.2", "1.3"]) func curlIsAnswered(_ version: String) async throws {
    let listener = try RunningListener()
    let report = try await listener.ready()
    let certificates = try RunningListener.certificates()
    #expect(report.subject == "CN=localhost")
    #expect(report.thumbprint == (try RunningListener.thumbprint(certificates.server)))
    #expect(report.roots == ["CN=Listener Tests"])
    let result = try await listener.curl("--tlsv\(version)", "--tls-max", version, "\(listener.url)/v1/agent")
    #expect(result.end == .exited(0), "\(result.errorText)")
    #expect(result.outputText.contains(#""name":"agent-1""#))
    #expect(result.outputText.contains(report.thumbprint.description))
  }

  @Test func theSupervisorLearnsWhoAsks() async throws {
    let listener = try RunningListener { _, _, command in
      guard case .submitJob(let id, let request, _) = command else { return nil }
      return (try? JobStatus.sample(id.description)).map { job in
        var job = job
        job.command = request.command
        return (.job(job, created: true), [])
      }
    }
    _ = try await listener.ready()
    // Larger than what curl sends without requesting 100 Continue first.
    let stdin = String(repeating: "0123456789abcdef", count: 1 << 13)
    let folder = try TemporaryFolder()
    let body = try folder.write("body", #"{"command":["/bin/cat","é"],"stdin":"\#(stdin)"}"#)
    let result = try await listener.curl(
      "-X", "PUT", "-H", "Expect: 100-continue", "-H", "Content-Type: application/json", "--data-binary", "@\(body)",
      "-D", "-", "\(listener.url)/v1/jobs/j1")
    #expect(result.outputText.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n"), "\(result.errorText)")
    let request = try #require(listener.supervisor.requests.first)
    let client = try RunningListener.certificates().client
    #expect(
      request.client
        == VerifiedClient(
          ClientIdentity(subject: "CN=connector", thumbprint: try RunningListener.thumbprint(client)), names: []))
    guard case .submitJob(_, let job, _) = request.command else {
      throw RunningListener.NotReady(verdict: .unusable(""))
    }
    #expect(job.stdin == stdin)
    #expect(job.command == ["/bin/cat", "é"])
  }

  @Test func connectionsAreKept() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let url = "\(listener.url)/v1/agent"
    let result = try await listener.curl(
      "-o", "/dev/null", "-w", "%{num_connects} %{http_code}\n", url, "-o", "/dev/null", url)
    #expect(result.outputText == "1 200\n0 200\n")
  }

  @Test func pipelinedRequestsInOnePiece() async throws {
    let listener = try RunningListener { _, _, command in
      guard case .showJob(let id, _) = command else { return nil }
      return (try? JobStatus.sample(id.description)).map { (.job($0, created: false), []) }
    }
    _ = try await listener.ready()
    let requests = (0..<50).map { "GET /v1/jobs/j\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
    let client = try TestProcess(
      listener.openssl("-quiet"),
      input: Array((requests + "GET /v1/agent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").utf8))
    let output = try await client.end().outputText
    let ids = output.matches(of: /"id":"j([0-9]+)"/).compactMap { Int($0.1) }
    #expect(ids == Array(0..<50))
    #expect(output.components(of: "HTTP/1.1 200 OK") == 51)
  }

  @Test func aClientThatEndsItsStreamIsStillAnswered() async throws {
    let listener = try RunningListener { _, _, command in
      (try? JobStatus.sample()).map { (.job($0, created: false), []) }
    }
    _ = try await listener.ready()
    let certificates = try RunningListener.certificates()
    let script = """
      import socket, ssl, sys
      context = ssl.create_default_context(cafile=sys.argv[1])
      context.load_cert_chain(sys.argv[2], sys.argv[3])
      plain = socket.create_connection(("127.0.0.1", int(sys.argv[4])))
      incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
      tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
      def step(call):
        while True:
          try:
            result = call()
          except ssl.SSLWantReadError:
            plain.sendall(outgoing.read())
            data = plain.recv(65536)
            if data: incoming.write(data)
            else: incoming.write_eof()
          else:
            return result
      step(tls.do_handshake)
      tls.write(b"GET /v1/jobs/j1 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
      try: tls.unwrap()  # close_notify; the answer to it cannot be there yet
      except ssl.SSLWantReadError: pass
      plain.sendall(outgoing.read())
      answer = b""
      while True:
        data = plain.recv(65536)
        if not data: break
        answer += data
      print(len(answer))
      """
    let result = try await run(
      "python3", "-c", script, certificates.root.certificatePath, certificates.client.chainPath,
      certificates.client.keyPath, String(listener.port))
    // After unwrap, Python no longer decrypts, so the answer shows in the size: larger than the tickets and alerts of TLS.
    #expect((Int(result.outputText.filter(\.isNumber)) ?? 0) > 400, "\(result.errorText)")
  }

  @Test func twoListenersOfOneProcessShareNothing() async throws {
    let first = try RunningListener(change: { $0.agentName = "first" })
    let second = try RunningListener(change: { $0.agentName = "second" })
    _ = try await (first.ready(), second.ready())
    #expect(try await first.curl("\(first.url)/v1/agent").outputText.contains(#""name":"first""#))
    #expect(try await second.curl("\(second.url)/v1/agent").outputText.contains(#""name":"second""#))
  }
}
