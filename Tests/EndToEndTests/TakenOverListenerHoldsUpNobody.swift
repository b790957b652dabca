// Goal: whoever has taken over the listener can neither delay the supervisor nor make it use much memory. The real listener is stopped, and
// the test acts in its place, over its own descriptors.
import AgentProtocol
import CLinux
import FoundationEssentials
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing
import Values

@Suite(.enabled(if: isRoot, "only root can take another process's descriptors"))
struct TakenOverListenerHoldsUpNobody {
  /// The listener's two channels to the supervisor, taken from it.
  private struct Link {
    let listener: pid_t
    let socket: FileDescriptor
    let pipe: FileDescriptor

    init(of agent: Installation) async throws {
      listener = try await agent.listenerID()
      kill(listener, SIGSTOP)
      socket = try .taken(3, from: listener)
      let pipes = try ProcessTable.openFiles(listener).filter { $0.key > 3 && $0.value.hasPrefix("pipe:") }
      try #require(pipes.count == 1, "\(pipes)")
      pipe = try .taken(pipes.keys.first!, from: listener)
      // The listener, whose descriptor it is as well, waits otherwise for room.
      try pipe.setNonBlocking(false)
    }

    func say(_ message: ListenerMessage) throws {
      let payload = try JSONEncoder().encode(message)
      let length = (0..<4).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
      try pipe.writeAll(length + [0] + payload)
    }
  }

  @Test func aSocketThatLingersCannotBeHandedToTheSupervisor() async throws {
    let agent = try await Installation.running()
    #expect(try await agent.request("GET", "agent").status == 200)
    let link = try await Link(of: agent)
    let (lingering, peer) = try Self.lingeringSocket()
    for way in [link.socket, link.pipe] {
      let sent = clinux_send_with_descriptors(way.raw, "x", 1, [lingering.raw], 1)
      #expect(sent == -1, "a descriptor was taken")
    }
    lingering.close()
    // It would linger for 40 s in the process that closes it last.
    kill(link.listener, SIGKILL)
    let start = ContinuousClock.now
    try await agent.logLine(with: "listener serves again")
    #expect(try await agent.finish("after", ["/bin/echo", "served"]).output == "served\n")
    #expect(start.duration(to: .now) < .seconds(30))
    withExtendedLifetime(peer) {}
  }

  @Test func whatItAsksForIsHeldWithinALimit() async throws {
    let agent = try await Installation.running()
    let directory = try agent.gate("held")
    try await agent.submit("held", ["/bin/sh", "-c", "read line < held"], fields: directory)
    let link = try await Link(of: agent)
    let before = try memory(of: agent.supervisorID)
    let names = (0..<8).map { ClientName.dns("\($0)-" + String(repeating: "n", count: 2000)) }
    let identity = ClientIdentity(
      subject: "CN=" + String(repeating: "s", count: 16_000), thumbprint: .unknown)
    let client = VerifiedClient(identity, names: names)
    try link.socket.setNonBlocking(true)
    var answers = [UInt8](repeating: 0, count: 1 << 20)
    for number in 0..<6000 {
      try link.say(.request(1 << 40 + UInt64(number), client, .showJob(JobID("held")!, wait: 3600)))
      while read(link.socket.raw, &answers, answers.count) > 0 {}
    }
    // It has received everything: the pipe is read in order.
    try await wait(for: "the supervisor to have read all") {
      var waiting: Int32 = -1
      _ = ioctl(link.pipe.raw, UInt(FIONREAD), &waiting)
      return waiting == 0
    }
    #expect(try memory(of: agent.supervisorID) - before < 64 << 20)
    kill(link.listener, SIGKILL)
    try await agent.logLine(with: "listener serves again")
    #expect(try await agent.finish("after", ["/bin/echo", "served"]).output == "served\n")
    try await agent.openGate("held")
    #expect(try await agent.job("held", wait: 30).state == .succeeded)
  }

  private func memory(of process: pid_t) throws -> Int {
    try #require(Int(try ProcessTable.status(process)["VmRSS"]?.first ?? "")) << 10
  }

  /// A TCP connection with unsent bytes whose close(2) blocks for 40 s, and its peer, which does not read.
  private static func lingeringSocket() throws -> (FileDescriptor, peer: FileDescriptor) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let (listening, own) = (
      FileDescriptor(owning: socket(AF_INET, type, 0)), FileDescriptor(owning: socket(AF_INET, type, 0))
    )
    try withUnsafeMutablePointer(to: &address) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        try checked("bind") { bind(listening.raw, address, size) }
        try checked("listen") { listen(listening.raw, 1) }
        try checked("getsockname") { getsockname(listening.raw, address, &size) }
        try checked("connect") { connect(own.raw, address, size) }
      }
    }
    let peer = FileDescriptor(owning: try checked("accept") { accept(listening.raw, nil, nil) })
    try own.setNonBlocking(true)
    let bytes = [UInt8](repeating: 0, count: 65536)
    while write(own.raw, bytes, bytes.count) > 0 {}
    var time = linger(l_onoff: 1, l_linger: 40)
    try checked("setsockopt") {
      setsockopt(own.raw, SOL_SOCKET, SO_LINGER, &time, socklen_t(MemoryLayout<linger>.size))
    }
    return (own, peer)
  }
}
