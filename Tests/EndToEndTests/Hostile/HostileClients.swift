import TestSupport

/// Clients in one process that all do the same thing concurrently.
struct HostileClients {
  enum Behaviour: String, CaseIterable, Sendable {
    case sayNothing, trickleTheHandshake, stopAfterTheirHello, connectByTheThousand
    case trickleTheHead, trickleTheBody, neverReadAnAnswer, sendAnEndlessHead, sendAnEndlessBody, askWithoutReading
    case stayIdle, startOver

    /// Whether they have a valid certificate.
    var areProven: Bool {
      switch self {
      case .sayNothing, .trickleTheHandshake, .stopAfterTheirHello, .connectByTheThousand: false
      default: true
      }
    }

    /// Whether a limit of agentd ends each of their connections while the test waits. The others would last for minutes; of thousands at
    /// once, some may have reached only the kernel's queue.
    var isEndedByAgentd: Bool {
      ![.connectByTheThousand, .trickleTheBody, .neverReadAnAnswer, .askWithoutReading, .startOver].contains(self)
    }
  }

  private let process: TestProcess

  init(_ behaviour: Behaviour, at agent: Installation) throws {
    guard let files = agent.certificates.connector.files else { throw HarnessError("no connector certificate") }
    process = try TestProcess(
      [
        "python3", "-c", Self.script, behaviour.rawValue, "\(agent.port)", files.chain, files.key,
        agent.certificates.rootPath, behaviour == .connectByTheThousand ? "2000" : "40",
      ], environment: agent.environment, input: nil)
  }

  /// Whether all have connected and begun.
  var haveBegun: Bool { process.outputText.hasPrefix("begun\n") }

  /// Whether agentd has closed each of their connections.
  var areOver: Bool { process.outputText.contains("over\n") }

  /// Ends them, unless they have already ended.
  func end() async throws {
    process.closeInput()
    let result = try await process.end()
    if result.end != .exited(0) { throw HarnessError("the hostile clients failed: \(result.errorText)") }
  }

  // One thread per client; the process ends with its input, whatever the threads do.
  private static let script = #"""
    import os, resource, socket, ssl, sys, threading, time
    behaviour, port, chain, key, root, count = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    context = ssl.create_default_context(cafile=root)
    context.load_cert_chain(chain, key)

    def plain():
      # The thousands come from an address of their own, which uses up that one's share alone.
      address = "127.0.0.2" if behaviour == "connectByTheThousand" else "127.0.0.1"
      return socket.create_connection(("127.0.0.1", int(port)), timeout=100, source_address=(address, 0))
    def proven():
      return context.wrap_socket(plain(), server_hostname="localhost")
    def hello():
      incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
      client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
      try: client.do_handshake()
      except ssl.SSLWantReadError: pass
      return outgoing.read()
    def trickle(peer, data):
      for byte in data:
        peer.sendall(bytes([byte]))
        time.sleep(1)
    def rest(peer):
      while peer.recv(65536): pass

    def sayNothing(begun):
      peer = plain(); begun(); rest(peer)
    def trickleTheHandshake(begun):
      peer = plain(); begun(); trickle(peer, hello())
    def stopAfterTheirHello(begun):
      peer = plain(); peer.sendall(hello()); begun(); rest(peer)
    connectByTheThousand = sayNothing
    def trickleTheHead(begun):
      peer = proven(); begun(); trickle(peer, b"GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 10000)
    def trickleTheBody(begun):
      peer = proven()
      peer.sendall(b"PUT /v1/jobs/slow HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
      begun(); trickle(peer, b" " * 100000)
    def neverReadAnAnswer(begun):
      peer = proven()
      peer.sendall(b"GET /v1/jobs/large/output HTTP/1.1\r\nHost: a\r\n\r\n")
      begun(); time.sleep(10000)
    def sendAnEndlessHead(begun):
      peer = proven(); peer.sendall(b"GET /v1/agent HTTP/1.1\r\nHost: a\r\n"); begun()
      while True: peer.sendall(b"X-Header: " + b"x" * 4000 + b"\r\n")
    def sendAnEndlessBody(begun):
      peer = proven()
      peer.sendall(b"PUT /v1/jobs/big HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
      begun()
      while True: peer.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
    def askWithoutReading(begun):
      peer = proven(); peer.settimeout(None); begun()
      while True: peer.sendall(b"GET /v1/jobs?limit=1000 HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
    def stayIdle(begun):
      peer = proven(); begun(); rest(peer)
    def startOver(begun):
      proven().close(); begun()
      for _ in range(10000):
        try: proven().close()
        except OSError: pass
        time.sleep(0.2)

    started, finished = threading.Semaphore(0), threading.Semaphore(0)
    def run():
      told = []
      def begun():
        told.append(True); started.release()
      try: globals()[behaviour](begun)
      except OSError: pass
      if not told: started.release()
      finished.release()
    threading.stack_size(262144)
    def watch():
      for _ in range(int(count)): started.acquire()
      print("begun", flush=True)
      for _ in range(int(count)): finished.acquire()
      print("over", flush=True)
    threading.Thread(target=watch, daemon=True).start()
    for _ in range(int(count)): threading.Thread(target=run, daemon=True).start()
    sys.stdin.read()
    os._exit(0)
    """#
}
