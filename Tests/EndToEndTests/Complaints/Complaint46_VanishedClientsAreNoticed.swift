// The complaints: Icinga/icinga2#5396 and wazuh#36743, PR#38401. A peer that had vanished silently was considered connected for minutes or
// hours.
// The promise: the kernel probes each connection that has been silent for half a minute; after another half it is closed.
import SystemCalls
import TestSupport
import Testing

@Suite struct Complaint46_VanishedClientsAreNoticed {
  @Test func keepaliveIsOnInEveryConnection() async throws {
    let agent = try await Installation.running()
    let strangers = try TestProcess(
      [
        "python3", "-c",
        """
        import socket, sys
        held = [socket.create_connection(("127.0.0.1", \(agent.port))) for _ in range(3)]
        print("connected", flush=True)
        sys.stdin.read()
        """,
      ], input: nil)
    let files = try #require(agent.certificates.connector.files)
    let client = try TestProcess(
      [
        "openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(agent.port)", "-CAfile", agent.certificates.rootPath,
        "-cert", files.chain, "-key", files.key,
      ], environment: agent.environment, input: nil)
    try client.write("GET /v1/agent HTTP/1.1\r\nHost: localhost\r\n\r\n")
    try await wait(for: "the answer") { client.outputText.contains("200 OK") }
    // While an acknowledgement is pending, that uses the timer for a moment.
    try await wait(for: "keepalive of all four") {
      let timers = try timers(of: agent)
      return timers.count == 4 && timers.allSatisfy { $0.kind == "02" && $0.ticks <= 3000 }
    }
    strangers.closeInput()
    _ = try await strangers.end()
  }

  /// The timers of the agent's connections, from /proc/net/tcp: 02 is the keepalive timer, in hundredths of a second.
  private func timers(of agent: Installation) throws -> [(kind: String, ticks: Int)] {
    let table = String(decoding: try DurableFile.read("/proc/net/tcp", limit: 1 << 24), as: UTF8.self)
    let hexadecimal = String(agent.port, radix: 16, uppercase: true)
    let local = "0100007F:" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
    return table.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 5, fields[1] == local, fields[3] == "01" else { return nil }
      let timer = fields[5].split(separator: ":")
      return (String(timer[0]), Int(timer[1], radix: 16) ?? .max)
    }
  }
}
