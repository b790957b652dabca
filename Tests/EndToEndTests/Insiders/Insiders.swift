import TestSupport

/// An admitted client that takes all it can get, over HTTP/2: a hundred requests on each of its connections.
final class Insiders: Sendable {
  enum Behaviour: String, Sendable {
    /// They wait for a job to end.
    case wait
    /// They submit jobs of a million bytes each without ever finishing.
    case submit
    /// They watch events.
    case watch
  }

  static let requestsOfConnection = 100
  static let bodyBytes = 1_000_000

  private let process: TestProcess
  private let requests: Int

  init(_ behaviour: Behaviour, at agent: Installation, as client: Presented, connections: Int) throws {
    guard let files = client.files else { throw HarnessError("a client without a certificate") }
    requests = connections * Self.requestsOfConnection
    process = try TestProcess(
      [
        "python3", "-c", Self.script, behaviour.rawValue, "\(agent.port)", files.chain, files.key,
        agent.certificates.rootPath, "\(connections)", "\(Self.requestsOfConnection)", "\(Self.bodyBytes)",
      ], environment: agent.environment, input: nil)
  }

  /// Waits until every request is refused with 429 or is held by the agent.
  ///
  /// - Parameter share: the maximum number of requests that may be held.
  /// - Returns: the number of requests that are held.
  func heldRequests(atMost share: Int) async throws -> Int {
    // Alone it takes more than half a minute; other tests share the machine.
    try await wait(for: "all but \(share) of \(requests) to be refused", within: .seconds(300)) {
      guard let refused = process.outputText.split(separator: "\n").last.flatMap({ Int($0) }) else { return nil }
      return refused >= requests - share ? requests - refused : nil
    }
  }

  /// Closes all connections.
  func end() async throws {
    process.closeInput()
    let result = try await process.end()
    if result.end != .exited(0) { throw HarnessError("the client failed: \(result.errorText)") }
  }

  // Prints the number of refused requests whenever it grows; with `submit`, only once each request is complete but for its last byte, or
  // refused.
  private static let script = #"""
    import os, resource, socket, ssl, sys, threading, traceback
    behaviour, port, chain, key, root, connections, requests, size = sys.argv[1:]
    connections, requests, size = int(connections), int(requests), int(size)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    context = ssl.create_default_context(cafile=root)
    context.load_cert_chain(chain, key)
    context.set_alpn_protocols(["h2"])
    DATA, HEADERS, SETTINGS, GOAWAY, WINDOW = 0, 1, 4, 7, 8
    lock, refused, sent = threading.Lock(), 0, 0

    def frame(kind, flags, stream, payload=b""):
      return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def fields(*pairs):
      # Literals without indexing and without Huffman coding, RFC 7541 section 6.2.2.
      return b"".join(b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in pair) for pair in pairs)

    def report(refusals, complete):
      global refused, sent
      with lock:
        refused, sent = refused + refusals, sent + complete
        if refusals and behaviour != "submit" or refused + sent == connections * requests: print(refused, flush=True)

    class Connection:
      def __init__(self):
        plain = socket.create_connection(("127.0.0.1", int(port)))
        self.peer = context.wrap_socket(plain, server_hostname="localhost")
        assert self.peer.selected_alpn_protocol() == "h2"
        self.buffer, self.window, self.initial = b"", 65535, 65535
        self.left, self.windows, self.complete = {}, {}, set()
        self.peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))

      def run(self):
        for index in range(requests):
          stream = 2 * index + 1
          method, path = {
            "wait": ("GET", "/v1/jobs/held?wait=600"), "watch": ("GET", "/v1/events"),
            "submit": ("PUT", f"/v1/jobs/unfinished-{os.getpid()}-{id(self)}-{stream}")}[behaviour]
          head = fields((":method", method), (":scheme", "https"), (":path", path), (":authority", "localhost"))
          self.peer.sendall(frame(HEADERS, 4 if behaviour == "submit" else 5, stream, head))
          if behaviour == "submit": self.left[stream], self.windows[stream] = size, self.initial
        while True:
          self.upload()
          self.received(*self.next())

      def read(self, count):
        while len(self.buffer) < count:
          more = self.peer.recv(65536)
          if not more: raise EOFError("the agent has closed the connection")
          self.buffer += more
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

      def next(self):
        head = self.read(9)
        return head[3], head[4], int.from_bytes(head[5:], "big"), self.read(int.from_bytes(head[:3], "big"))

      def received(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags:
          for at in range(0, len(payload), 6):
            if int.from_bytes(payload[at:at + 2], "big") == 4:
              initial = int.from_bytes(payload[at + 2:at + 6], "big")
              for one in self.windows: self.windows[one] += initial - self.initial
              self.initial = initial
          self.peer.sendall(frame(SETTINGS, 1, 0))
        elif kind == WINDOW and stream == 0: self.window += int.from_bytes(payload, "big")
        elif kind == WINDOW and stream in self.windows: self.windows[stream] += int.from_bytes(payload, "big")
        elif kind == DATA and b'"status":429' in payload:
          self.left.pop(stream, None)
          # Also one that was complete before the agent had read it.
          report(1, -1 if stream in self.complete else 0)
        elif kind == GOAWAY: raise EOFError("the agent says goodbye")

      # One frame for each stream in turn, so that all of them grow.
      def upload(self):
        progress = True
        while progress:
          progress = False
          for stream in list(self.left):
            count = min(self.left[stream], self.windows[stream], self.window, 16384)
            if count == 0: continue
            progress = True
            self.peer.sendall(frame(DATA, 0, stream, b" " * count))
            self.left[stream] -= count
            self.windows[stream] -= count
            self.window -= count
            if self.left[stream] == 0:
              del self.left[stream]
              self.complete.add(stream)
              report(0, 1)

    def run():
      try: Connection().run()
      except Exception:
        traceback.print_exc()
        os._exit(1)
    threading.stack_size(262144)
    for _ in range(connections): threading.Thread(target=run, daemon=True).start()
    sys.stdin.read()
    os._exit(0)
    """#
}
