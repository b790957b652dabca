import AgentProtocol
import ClientSightings
import ConnectionSource
import Forecast
import Logging
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Synchronization
import SystemCalls
import Values

/// The event loops and everything that runs on them.
final class Server: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let acceptor: Acceptor
  private let connections: Connections
  private let verifier: CurrentVerifier
  private let services: Services
  private let acceptors = Mutex<[any Channel]>([])
  private let drained = Mutex<EventLoopFuture<Void>?>(nil)

  /// More loops than this would only take turns waiting for the supervisor.
  private static let mostLoops = 4

  /// How many event loops this host should have: one per processor. Reads files, so call it before confinement.
  static var loopsOfHost: Int { min(System.coreCount, mostLoops) }

  /// Creates the event loops.
  init(_ material: Material, _ services: Services, _ limits: ConnectionLimits, loops: Int) throws {
    group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    verifier = material.verifier
    self.services = services
    connections = Connections(limits)
    services.metrics.observe(connections)
    acceptor = try Acceptor(material, services, connections, limits, on: group)
  }

  /// Keeps checking for expiring material.
  func keep(_ watch: ExpiryWatch) { watch.start(on: group.next()) }

  /// Returns memory to the system periodically.
  func keep(_ memory: MemoryReturn) { memory.start(on: group.next()) }

  /// Reads events from `inotify` from now on.
  func watch(_ inotify: FileDescriptor) throws { _ = try services.outputs.start(inotify, on: group).wait() }

  /// Accepts connections on `sockets` from now on.
  func accept(on sockets: [FileDescriptor]) throws {
    for socket in sockets {
      let channel = try acceptor.start(socket, on: group).wait()
      acceptors.withLock { $0.append(channel) }
    }
  }

  /// Closes the connections of clients that `trust` does not accept; later handshakes are decided by `trust` as well.
  func recheckClients(_ trust: Trust) {
    // First, so that `trust` decides in the handshake of a connection that is not seen below.
    verifier.replace(by: trust.verifier)
    let verdicts = RememberedVerdicts(of: verifier)
    let log = services.log
    connections.tellAll(
      ClientRecheck(verify: { verdicts.verify($0) }) { peer, reason in
        log.notice(
          "connection closed: its client is no longer let in",
          metadata: ["peer": "\(Source.text(peer))", "reason": "\(reason)"])
      })
  }

  /// Returns which of these clients would be refused now: thumbprint and reason.
  func refusals(of clients: [AdmittedClient]) -> [Thumbprint: String] {
    var refusals: [Thumbprint: String] = [:]
    for client in clients {
      guard let seen = SeenClient(Sighting(client: client, lastUse: 0)) else { continue }
      let presented = PresentedChain(leaf: seen.certificate, intermediates: seen.others)
      if case .refused(_, _, let reason) = verifier.verify(presented) { refusals[client.thumbprint] = reason }
    }
    return refusals
  }

  /// How long connections may continue after the supervisor is gone.
  static let orphanTime = TimeAmount.seconds(30)

  /// Stops accepting and lets the open connections finish.
  ///
  /// - Parameters:
  ///   - time: connections left after this time are cut off; by default the limits' drain time. Of several calls the shortest applies.
  ///   - acceptingFor: how long to keep accepting first; the first call applies.
  /// - Returns: a future that succeeds when no connection is left.
  func drain(within time: TimeAmount? = nil, acceptingFor: TimeAmount = .zero) -> EventLoopFuture<Void> {
    let future = drained.withLock { drained in
      let future = drained ?? startDraining(after: acceptingFor)
      drained = future
      return future
    }
    let cutOff = group.next().scheduleTask(in: acceptingFor + (time ?? connections.limits.drainTime)) {
      self.connections.closeAll()
    }
    future.whenComplete { _ in cutOff.cancel() }
    return future
  }

  private func startDraining(after time: TimeAmount) -> EventLoopFuture<Void> {
    let loop = group.next()
    let begun = time > .zero ? loop.scheduleTask(in: time) {}.futureResult : loop.makeSucceededVoidFuture()
    return begun.flatMap { self.stopAccepting(on: loop) }.flatMap { self.connections.drain(on: loop) }
  }

  /// Stops accepting without dropping an accepted connection.
  ///
  /// A connection passes from the acceptor's loop to its own and back before it is set up, and is dropped if the acceptor is closed by
  /// then. So reading stops first, and every loop gets a turn, twice.
  private func stopAccepting(on loop: any EventLoop) -> EventLoopFuture<Void> {
    let channels = acceptors.withLock { $0 }
    for channel in channels { channel.pipeline.fireUserInboundEventTriggered(AcceptFaults.AcceptingEnds()) }
    let paused = channels.map { $0.setOption(.autoRead, value: false) }
    return EventLoopFuture.andAllComplete(paused, on: loop)
      .flatMap { self.everyLoopsTurn(on: loop) }
      .flatMap { self.everyLoopsTurn(on: loop) }
      .flatMap { EventLoopFuture.andAllComplete(channels.map { $0.close() }, on: loop) }
  }

  /// Returns a future that succeeds when every event loop has had a turn.
  func everyLoopsTurn() -> EventLoopFuture<Void> { everyLoopsTurn(on: group.next()) }

  private func everyLoopsTurn(on loop: any EventLoop) -> EventLoopFuture<Void> {
    EventLoopFuture.andAllComplete(group.makeIterator().map { $0.submit {} }, on: loop)
  }

  /// Stops everything at once.
  func stop() {
    do { try group.syncShutdownGracefully() } catch {
      services.log.warning("event loops did not stop cleanly", metadata: ["error": "\(error)"])
    }
  }
}
