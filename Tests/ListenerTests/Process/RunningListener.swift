import AgentProtocol
import Dispatch
import Glibc
import Logging
import SigningLink
import SupervisorLink
import Synchronization
import SystemCalls
import TestCertificates
import TestSupport
import Values

@testable import Listener
@testable import Signer

/// A complete listener in this process: real sockets, real TLS, a link whose other end belongs to the test.
final class RunningListener: Sendable {
  let supervisor: TestSupervisor
  let log: CollectedLog
  let port: Int
  let inotify: FileDescriptor
  /// The socket on which the listener accepts; also open here, as in the supervisor.
  let socket: FileDescriptor
  private let exit = Mutex<Int32?>(nil)

  /// The certificates of all tests in this module.
  struct Certificates {
    let root: Credential
    let server: Credential
    let client: Credential
  }

  static func certificates() throws -> Certificates {
    let root = try PKI.shared.root("Listener Tests")
    return Certificates(
      root: root, server: try PKI.shared.server(by: root), client: try PKI.shared.client("connector", by: root))
  }

  /// Starts a listener.
  ///
  /// - Parameters:
  ///   - key: the path of the private key, if it is not the matching one.
  ///   - isSigned: whether there is a signer.
  ///   - socket: the listening socket of another listener, to be shared, and its port.
  ///   - change: may modify the material.
  init(
    httpLimits: HTTPLimits = HTTPLimits(), connectionLimits: ConnectionLimits = ConnectionLimits(), key: String? = nil,
    isSigned: Bool = true, socket: FileDescriptor? = nil, port: Int = 0,
    script: @escaping TestSupervisor.Script = { _, _, _ in nil },
    change: (inout ListenerMaterial) throws -> Void = { _ in }
  ) throws {
    let (ours, theirs) = try FileDescriptor.socketPair()
    let log = CollectedLog()
    self.log = log
    if let socket {
      (self.socket, self.port) = (socket, port)
    } else {
      (self.socket, self.port) = try Self.listeningSocket()
    }
    inotify = FileDescriptor(owning: try checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) })
    supervisor = try TestSupervisor(ours, script)
    try Self.configure(
      supervisor, socket: self.socket, port: self.port, inotify: inotify, key: key, isSigned: isSigned, change: change)
    DispatchQueue(label: "listener").async { [self] in
      let code = ListenerProcess.serve(
        link: theirs, log: log.logger, httpLimits: httpLimits, connectionLimits: connectionLimits)
      theirs.close()
      exit.withLock { $0 = code }
    }
  }

  deinit { supervisor.hangUp() }

  /// Sends the configuration of a valid listener on a free port.
  ///
  /// - Returns: the port.
  static func configure(_ supervisor: TestSupervisor) throws -> Int {
    let inotify = FileDescriptor(owning: try checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) })
    let (socket, port) = try listeningSocket()
    try configure(supervisor, socket: socket, port: port, inotify: inotify, key: nil, change: { _ in })
    return port
  }

  private static func configure(
    _ supervisor: TestSupervisor, socket: FileDescriptor, port: Int, inotify: FileDescriptor, key: String?,
    isSigned: Bool = true, change: (inout ListenerMaterial) throws -> Void
  ) throws {
    let certificates = try certificates()
    var material = ListenerMaterial(
      agentName: "agent-1", version: "1.2.3", certificate: try thumbprint(certificates.server),
      trust: ClientTrust(
        certificates: [try certificates.server.certificatePEM], roots: [try certificates.root.certificatePEM],
        revocationLists: []),
      addresses: ["127.0.0.1:\(port)"],
      capacity: Capacity(maxRunning: 4, maxQueued: 9, running: 1, queued: 2), checkOnly: false)
    try change(&material)
    let keyFile = try FileDescriptor.open(key ?? certificates.server.keyPath, O_RDONLY)
    try supervisor.configure(material, [try signer(keyFile, isThere: isSigned), inotify, socket])
  }

  /// Starts a signer in a thread of this process; returns the listener's end.
  private static func signer(_ key: FileDescriptor, isThere: Bool) throws -> FileDescriptor {
    let signing = try SigningLink.pair()
    try SigningLink.send(key: key, over: signing.listener)
    guard isThere else { return signing.listener }
    try DetachedThread.start { _ = SignerProcess.serve(socket: signing.signer) }
    return signing.listener
  }

  /// Waits until the listener serves.
  func ready() async throws -> ListenerReport {
    let verdict = try await wait(for: "the listener's report") { supervisor.verdict }
    guard case .ready(let report) = verdict else { throw NotReady(verdict: verdict) }
    return report
  }

  struct NotReady: Error {
    let verdict: ListenerMessage
  }

  /// Waits for the listener to end.
  func exitCode(within limit: Duration = .seconds(90)) async throws -> Int32 {
    try await wait(for: "the listener's end", within: limit) { exit.withLock { $0 } }
  }

  var url: String { "https://localhost:\(port)" }

  /// Returns the options with which curl presents a valid certificate.
  static func curl() throws -> [String] {
    let certificates = try certificates()
    return [
      "curl", "-sS", "--http1.1", "--max-time", "120", "--noproxy", "*", "--cacert", certificates.root.certificatePath,
      "--cert", certificates.client.chainPath, "--key", certificates.client.keyPath,
    ]
  }

  /// Runs curl with a valid certificate.
  func curl(_ arguments: String...) async throws -> ProcessResult {
    try await TestProcess(Self.curl() + arguments).end()
  }

  /// Returns the options with which openssl s_client presents a valid certificate.
  func openssl(_ arguments: String...) throws -> [String] {
    let certificates = try Self.certificates()
    return [
      "openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", certificates.root.certificatePath,
      "-verify_return_error", "-cert", certificates.client.chainPath, "-key", certificates.client.keyPath,
    ] + arguments
  }

  /// Returns the SHA-256 thumbprint, from openssl.
  static func thumbprint(_ credential: Credential) throws -> Thumbprint {
    let text = try PKI.shared.openssl("x509", "-in", credential.certificatePath, "-noout", "-fingerprint", "-sha256")
    return Thumbprint(text.drop { $0 != "=" }.filter(\.isHexDigit))!
  }

  private static func listeningSocket() throws -> (FileDescriptor, Int) {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let socket = FileDescriptor(owning: try checked("socket") { Glibc.socket(AF_INET, kind, 0) })
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        try checked("bind") { bind(socket.raw, address, length) }
        try checked("listen") { listen(socket.raw, 128) }
        try checked("getsockname") { getsockname(socket.raw, address, &length) }
      }
    }
    return (socket, Int(UInt16(bigEndian: address.sin_port)))
  }
}

/// The log, one text per event: the message, then the metadata in the order of the keys.
final class CollectedLog: Sendable {
  private let collected = Mutex<[String]>([])

  var lines: [String] { collected.withLock { $0 } }

  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: CollectedLog
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
      log.collected.withLock { $0.append("\(event.level) \(event.message)\(fields.joined())") }
    }
  }
}
