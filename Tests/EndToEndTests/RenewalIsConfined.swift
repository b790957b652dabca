// Goal: both processes that renew a certificate have given up, before the peer of the connection can send anything, all of root's rights
// except those that they need: one connects, the other changes the agent's own files.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct RenewalIsConfined {
  @Test func whileItWaitsForTheService() async throws {
    let (agent, scheduler) = (try await Installation(), try await EnrolmentScheduler("/LIFETIME=1h"))
    try await agent.enrol(at: scheduler)
    try await scheduler.stop()
    // Accepts the connection and stays silent.
    let silent = try listen(scheduler.port)
    try agent.makeRenewalDue()
    try await agent.start()
    let process = try await wait(for: "the renewal") {
      try ProcessTable.children(of: agent.supervisorID).first {
        ProcessTable.title($0)?.hasPrefix("agent-register --renew") ?? false
      }
    }
    try await wait(for: "its connection") { try isConnected(silent) }
    let connected = try ProcessTable.children(of: process)
    #expect(connected.count == 1)
    for process in [process] + connected { try expectConfined(process) }
    silent.close()
    try await agent.logLine(with: "was not renewed", "trying again in")
  }

  private func expectConfined(_ process: pid_t) throws {
    // A thread for a name lookup may have ended by now.
    let threads = try ProcessTable.threads(of: process).compactMap { try? ProcessTable.status($0) }
    #expect(!threads.isEmpty)
    for status in threads {
      #expect(status["NoNewPrivs"] == ["1"])
      #expect(status["Seccomp"] == ["2"])
      // Only root can drop capabilities from the bounding set.
      for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] + (isRoot ? ["CapBnd"] : []) {
        #expect(status[set] == ["0000000000000000"], "\(set)")
      }
    }
    let limits = String(decoding: try DurableFile.read("/proc/\(process)/limits", limit: 1 << 16), as: UTF8.self)
    #expect(limits.contains(#/Max core file size +0 +0 /#), "\(limits)")
    #expect(limits.contains(#/Max open files +256 +256 /#), "\(limits)")
  }

  private func listen(_ port: Int) throws -> FileDescriptor {
    let descriptor = FileDescriptor(
      owning: try checked("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) })
    let raw = descriptor.raw
    var reuse: Int32 = 1
    setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    try checked("bind") {
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    try checked("listen") { Glibc.listen(raw, 5) }
    return descriptor
  }

  private func isConnected(_ listening: FileDescriptor) throws -> Bool {
    var waiting = pollfd(fd: listening.raw, events: Int16(POLLIN), revents: 0)
    return try checked("poll") { poll(&waiting, 1, 0) } > 0
  }
}
