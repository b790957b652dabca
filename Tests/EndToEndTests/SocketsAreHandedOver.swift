// Goal: agentd serves on the sockets passed by a service manager (sd_listen_fds(3)), also after a reload, and reports what is wrong with
// those that it cannot use.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct SocketsAreHandedOver {
  /// Binds a socket, makes it descriptor 3 and executes the rest of its arguments, like a service manager.
  private static let manager = """
    import os, socket, sys
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", int(sys.argv[1])))
    held.listen(64)
    os.dup2(held.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
    os.execvp(sys.argv[2], sys.argv[2:])
    """

  @Test func theyServeBeforeAndAfterAReload() async throws {
    let agent = try await Installation()
    try await agent.register()
    // Not the port of the socket.
    try await agent.configure("-L", "-p", "\(try FreePort.next())")
    try await agent.start(wrapper: ["python3", "-c", Self.manager, "\(agent.port)"])
    try await agent.logLine(with: "listening on the service manager's sockets", "not on the addresses in listener.toml")
    #expect(try await agent.request("GET", "agent").status == 200)

    let (first, logged) = (try await agent.listenerID(), agent.log.utf8.count)
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", "127.0.0.1:\(agent.port)", after: logged)
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(try await agent.listenerID() != first)
  }

  @Test(arguments: [
    (
      "exec 3</dev/null; LISTEN_FDS=1",
      "descriptor 3, handed over by the service manager, is not a listening TCP socket"
    ),
    ("exec 3<&-; LISTEN_FDS=1", "descriptor 3, handed over by the service manager, is not a listening TCP socket"),
    ("LISTEN_FDS=33", "LISTEN_FDS in the environment: \"33\" is not a number from 0 to 32"),
    ("LISTEN_FDS=x", "LISTEN_FDS in the environment: \"x\" is not a number from 0 to 32"),
  ])
  func whatCannotBeServedOnIsNamed(handOver: String, message: String) async throws {
    let agent = try await Installation()
    try await agent.register()
    let result = try await TestProcess(
      ["/bin/sh", "-c", "\(handOver) LISTEN_PID=$$ exec \(agent.folder.path("bin"))/jams-agentd -F"],
      environment: agent.environment, directory: agent.folder.path
    ).end()
    #expect(result.end == .exited(78))
    #expect(result.errorText.contains("agentd: \(message)"), "\(result.errorText)")
  }
}
