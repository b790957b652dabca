// The vulnerability: CVE-2024-6387 of OpenSSH. When the login timed out, a signal handler called functions that are not async-signal-safe.
// The promise: handshakes that time out are ended by a timer of the event loop, hundreds at once; the listener ignores all signals, and no
// work is done in a signal handler.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct C20_UnfinishedHandshakesEndInOrder {
  @Test func hundredsAtOnce() async throws {
    let agent = try await Installation.running(
      configuration:
        "[limits]\nhandshake_timeout = 3\nunauthenticated = \"900:100:1000\"\nunauthenticated_per_source = 1000\n")
    let listener = try await agent.listenerID()
    let clients = try TestProcess([
      "python3", "-c",
      """
      import socket, ssl
      incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
      context = ssl.create_default_context()
      try: context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
      except ssl.SSLWantReadError: pass
      hello = outgoing.read()
      held = [socket.create_connection(("127.0.0.1", \(agent.port)), timeout=90) for _ in range(600)]
      for peer in held: peer.sendall(hello)
      ended = 0
      for peer in held:
        try:
          while peer.recv(65536): pass
        except ConnectionResetError: pass
        ended += 1
      print(ended)
      """,
    ])
    // Meanwhile, signals of all kinds arrive, as a sufficiently privileged process on the host may send them.
    if isRoot { for signal in [SIGTERM, SIGHUP, SIGUSR1] { kill(listener, signal) } }
    let result = try await clients.end()
    #expect(result.outputText == "600\n", "\(result.errorText)")
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(try await agent.listenerID() == listener, "\(agent.log)")
  }

  @Test func noSignalThatAnybodySendsHasAHandler() async throws {
    let agent = try await Installation.running()
    let children = try ProcessTable.children(of: agent.supervisorID).filter {
      ProcessTable.title($0)?.hasPrefix("agentd: ") ?? false
    }
    // A look-up starts the resolver.
    let titles = children.compactMap(ProcessTable.title).filter { !$0.hasPrefix("agentd: resolver") }.sorted()
    #expect(titles == ["agentd: listener", "agentd: shepherds", "agentd: signer"])
    // The C library uses two for its threads: signal(7).
    for process in children { #expect(try caught(by: process) & ~(1 << 31 | 1 << 32) == 0, "\(process)") }
    // There, the Swift runtime handles the signals of crashes.
    let crashes = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT].reduce(0) { $0 | UInt64(1) << ($1 - 1) }
    #expect(try caught(by: agent.supervisorID) & ~(crashes | 1 << 31 | 1 << 32) == 0)
  }

  /// Returns the signals for which a process has handlers, from proc_pid_status(5).
  private func caught(by process: pid_t) throws -> UInt64 {
    try #require(try ProcessTable.status(process)["SigCgt"]?.first.flatMap { UInt64($0, radix: 16) })
  }
}
