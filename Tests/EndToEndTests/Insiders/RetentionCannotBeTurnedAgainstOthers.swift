// Goal: whatever a client's jobs write, agentd forgets nobody else's jobs for it, runs no ID a second time, and records how each job ended:
// with attempts to make files full of holes, and with more output than is kept.
import AgentProtocol
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct RetentionCannotBeTurnedAgainstOthers {
  private static func table(_ client: String) -> String {
    "[[client]]\ncertificate = \"CN=\(client)\"\n\(isRoot ? "default_user = \"nobody\"\n" : "")"
  }

  /// Three clients that see only their own jobs, and room for 1 MB of output.
  private static let configuration =
    "[jobs]\nkeep_bytes = 1000000\noutput_limit = 9223372036854775807\n"
    + ["Executor Connector", "Driller", "Flooder"].map(table).joined()

  private func client(_ name: String, of agent: Installation) throws -> Presented {
    Presented(try PKI.shared.client(name, by: agent.certificates.root))
  }

  private func put(_ id: String, _ command: String, at agent: Installation, as client: Presented) async throws
    -> Response
  {
    let quoted = command.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return try await agent.request(
      "PUT", "jobs/\(id)", body: #"{"command": ["/bin/sh", "-c", "\#(quoted)"], "directory": "/"}"#, as: client)
  }

  @Test func withOutputOfAnySize() async throws {
    let agent = try await Installation.running(configuration: Self.configuration)
    // The jobs of other users write there.
    chmod(agent.folder.path, 0o711)
    try Folder.make(agent.folder.path("marks"), mode: 0o777)
    chmod(agent.folder.path("marks"), 0o777)
    let (driller, flooder) = (try client("Driller", of: agent), try client("Flooder", of: agent))
    #expect(try await agent.finish("mine", ["/bin/echo", "kept"], fields: #""directory": "/""#).output == "kept\n")

    // Of a pipe.
    let hole = #"perl -e 'truncate(STDOUT, 11 << 30) || seek(STDOUT, 11 << 30, 0) and die; print "none\n"'"#
    #expect(try await put("hole", hole, at: agent, as: driller).status == 201)
    let drilled = try await agent.request("GET", "jobs/hole?wait=60", as: driller).text
    #expect(drilled.contains(#""output_bytes":5,"#) && drilled.contains("succeeded"), "\(drilled)")

    func flood(_ number: Int) async throws -> Response {
      let mark = "echo \(number) >> \(agent.folder.path("marks/runs"))"
      return try await put("flood-\(number)", "\(mark); head -c 600000 /dev/zero; exit 3", at: agent, as: flooder)
    }
    for number in 0..<4 {
      #expect(try await flood(number).status == 201)
      #expect(try await agent.request("GET", "jobs/flood-\(number)?wait=60", as: flooder).text.contains("failed"))
    }
    try await wait(for: "the flooder's first three to be forgotten") {
      try await agent.request("GET", "jobs/flood-2", as: flooder).status == 404
    }
    try await expectOthersKept(agent, driller)

    for isRestarted in [false, true] {
      if isRestarted {
        try await agent.stop(SIGKILL)
        try await agent.start()
      }
      for number in 0..<3 {
        let again = try await flood(number)
        #expect(again.status == 200 && again.text.contains("it ran before"), "\(again.text)")
        #expect(again.text.contains(#""exit_code":3"#), "\(again.text)")
      }
      let other = try await put("flood-0", "true", at: agent, as: flooder)
      #expect(other.status == 409, "\(other.text)")
      #expect(try agent.folder.read("marks/runs") == "0\n1\n2\n3\n")
      try await expectOthersKept(agent, driller)
    }
    // The ID is spent only for its owner.
    #expect(try await agent.finish("flood-0", ["/bin/echo", "new"], fields: #""directory": "/""#).output == "new\n")
  }

  private func expectOthersKept(_ agent: Installation, _ driller: Presented) async throws {
    #expect(try await agent.job("mine").state == .succeeded)
    #expect(try await agent.request("GET", "jobs/mine/output").text == "kept\n")
    #expect(try await agent.request("GET", "jobs/hole", as: driller).status == 200)
  }
}
