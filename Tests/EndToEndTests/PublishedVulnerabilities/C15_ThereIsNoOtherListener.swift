// The vulnerability: CVE-2023-1782 of HashiCorp Nomad. Besides the port with certificates there was HTTP without.
// The promise: of all sockets of all agentd processes, only the configured ones accept connections, even while the listener is down; and the
// one of `agentd --status`, a Unix socket that nobody but root and agentd's user can open.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct C15_ThereIsNoOtherListener {
  @Test(.enabled(if: isRoot, "the listener's descriptors are hidden from everybody else"))
  func onlyTheConfiguredPortIsOpen() async throws {
    let agent = try await Installation.running()
    try await agent.submit("job", ["/bin/sh", "-c", "read line < go"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.job("job").state == .running }
    let status = agent.folder.path("run/status")
    #expect(try listening(agent) == ["127.0.0.1:\(agent.port)", "unix \(status)"])
    // Even in a folder that others may enter.
    for folder in ["", "run"] { chmod(agent.folder.path(folder), 0o755) }
    let connection = "import socket; socket.socket(socket.AF_UNIX).connect('\(status)')"
    let stranger = try await TestProcess(
      ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "/usr/bin/python3", "-c", connection]
    ).end()
    #expect(stranger.end == .exited(1), "\(stranger.errorText)")
    #expect(stranger.errorText.contains("PermissionError"), "\(stranger.errorText)")
    #expect(try await TestProcess(["python3", "-c", connection]).end().end == .exited(0))

    // The supervisor keeps the socket while a listener restarts; nobody else answers on it.
    kill(try await agent.listenerID(), SIGKILL)
    #expect(try listening(agent).subtracting(["127.0.0.1:\(agent.port)", "unix \(status)"]) == [])
    #expect(try await agent.request("GET", "agent").status == 200)
    try await agent.openGate("go")
  }

  /// Returns everything that accepts connections or datagrams: the addresses of TCP and UDP, the paths of Unix sockets.
  private func listening(_ agent: Installation) throws -> Set<String> {
    let processes = [agent.supervisorID] + (try ProcessTable.children(of: agent.supervisorID)) + agent.shepherds
    let inodes = processes.reduce(into: Set<String>()) { inodes, process in
      for file in (try? ProcessTable.openFiles(process))?.values.filter({ $0.hasPrefix("socket:[") }) ?? [] {
        inodes.insert(String(file.dropFirst("socket:[".count).dropLast()))
      }
    }
    #expect(!inodes.isEmpty)
    var found: Set<String> = []
    for (table, inode, isListening) in Self.tables {
      for line in try lines(of: table) where line.count > inode && inodes.contains(line[inode]) && isListening(line) {
        switch table {
        case "tcp": found.insert(Self.text(line[1]))
        case "unix": found.insert("unix \(line.dropFirst(7).joined(separator: " "))")
        default: found.insert("\(table) \(line.joined(separator: " "))")
        }
      }
    }
    return found
  }

  /// Files in /proc/net, the column of the inode, and whether a line describes a socket that accepts connections; proc(5).
  private static let tables: [(String, Int, @Sendable ([String]) -> Bool)] = [
    ("tcp", 9, { $0[3] == "0A" }), ("tcp6", 9, { $0[3] == "0A" }), ("udp", 9, { _ in true }),
    ("udp6", 9, { _ in true }),
    ("raw", 9, { _ in true }), ("unix", 6, { $0[3] == "00010000" }),
  ]

  private func lines(of table: String) throws -> [[String]] {
    String(decoding: try DurableFile.read("/proc/net/\(table)", limit: 1 << 24), as: UTF8.self)
      .split(separator: "\n").dropFirst().map { $0.split(separator: " ").map(String.init) }
  }

  private static func text(_ address: String) -> String {
    let parts = address.split(separator: ":")
    let number = UInt32(parts[0], radix: 16) ?? 0
    let bytes = withUnsafeBytes(of: number) { $0.map { String($0) }.joined(separator: ".") }
    return "\(bytes):\(Int(parts[1], radix: 16) ?? 0)"
  }
}
