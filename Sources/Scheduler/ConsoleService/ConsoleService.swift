import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import SchedulerRegistry
import Synchronization
import SystemCalls

/// Where a console is served.
public enum ConsolePlace: Equatable, Sendable {
  /// A port of this host's loopback address; 0 for any that is free.
  case port(Int)
  /// A unix socket with this path, which only its user can use.
  case socket(String)
}

/// A console cannot be served there.
public struct ConsolePlaceError: Error, CustomStringConvertible {
  let place: ConsolePlace
  let code: Int32

  /// One line: the place, and what the system says.
  public var description: String {
    let name =
      switch place {
      case .port(let port): "127.0.0.1:\(port)"
      case .socket(let path): path
      }
    let remedy = code == EADDRINUSE ? "; another program uses it: choose another one" : ""
    return "\(name): \(String(cString: strerror(code)))\(remedy)"
  }
}

/// Serves the console's page and what it asks for to the browsers of one user.
public final class ConsoleService: Sendable {
  /// The maximum number of connections.
  private static let connections = 128

  private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  private let gate: ConsoleGate
  private let api: ConsoleAPI
  private let fleet: FleetWatch
  private let open = Mutex(0)

  /// Creates a service that does not listen yet.
  ///
  /// - Parameters:
  ///   - registry: the scheduler whose agents are shown.
  ///   - isReadOnly: whether nothing can be changed through it.
  /// - Throws: `RegistryError`, or `StoreError`.
  public init(_ registry: SchedulerRegistry, gate: ConsoleGate, isReadOnly: Bool) throws {
    self.gate = gate
    fleet = try FleetWatch(registry)
    api = ConsoleAPI(fleet, home: registry.home, isReadOnly: isReadOnly)
  }

  /// Serves until the program ends.
  ///
  /// - Parameter ready: called with the port once there is one: nil for a socket.
  /// - Throws: `ConsolePlaceError` if it cannot listen there.
  public func serve(at place: ConsolePlace, ready: @Sendable (Int?) -> Void) async throws {
    let server: NIOAsyncChannel<Connection, Never>
    do { server = try await listen(place) } catch let error as IOError {
      throw ConsolePlaceError(place: place, code: error.errnoCode)
    }
    ready(server.channel.localAddress?.port)
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { await self.fleet.run() }
      try await server.executeThenClose { connections in
        for try await connection in connections {
          let number = open.withLock { open in
            open += 1
            return open
          }
          group.addTask {
            await self.serve(connection, isExcess: number > Self.connections)
            self.open.withLock { $0 -= 1 }
          }
        }
      }
    }
  }

  private func serve(_ connection: Connection, isExcess: Bool) async {
    // A browser that goes away in the middle is nobody's error; what it waited for is then not waited for.
    try? await withThrowingTaskGroup(of: Void.self) { [gate, api] group in
      group.addTask { try await connection.channel.closeFuture.get() }
      group.addTask {
        try await connection.executeThenClose { requests, answers in
          if isExcess { return }
          try await ConsoleConnection(channel: connection.channel, gate: gate, api: api).serve(requests, answers)
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func listen(_ place: ConsolePlace) async throws -> NIOAsyncChannel<Connection, Never> {
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 64)
    switch place {
    case .port(let port):
      return try await bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .bind(host: "127.0.0.1", port: port) { Self.setUp($0) }
    case .socket(let path):
      try await Self.removeAbandoned(path)
      return try await bootstrap.bind(unixDomainSocketPath: path) { Self.setUp($0) }
    }
  }

  /// Removes the socket of a console that was killed; one on which somebody listens stays.
  private static func removeAbandoned(_ path: String) async throws {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
    do {
      let peer = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(unixDomainSocketPath: path).get()
      try? await peer.close()
    } catch { unlink(path) }
  }

  private static func setUp(_ channel: any Channel) -> EventLoopFuture<Connection> {
    channel.eventLoop.makeCompletedFuture {
      var heads = NIOHTTPDecoderLimitConfiguration()
      heads.maxHeaderFieldSize = 8192
      heads.maxHeaderListSize = 16384
      heads.maxHeaderFieldCount = 64
      try channel.pipeline.syncOperations.addHandlers([
        HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: heads)),
      ])
      return try Connection(wrappingChannelSynchronously: channel)
    }
  }
}
