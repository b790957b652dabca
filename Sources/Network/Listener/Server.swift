import ConnectionSource
import Logging
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Synchronization
import SystemCalls

/// The event loops with all that runs on them.
final class Server: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let acceptor: Acceptor
  private let connections: Connections
  private let verifier: CurrentVerifier
  private let services: Services
  private let acceptors = Mutex<[any Channel]>([])
  private let drained = Mutex<EventLoopFuture<Void>?>(nil)

  /// More loops than this only take turns in waiting for the supervisor.
  private static let mostLoops = 4

  /// How many event loops this host should have: one a processor. Asked of files, so before they are given up.
  static var loopsOfHost: Int { min(System.coreCount, mostLoops) }

  /// Makes the event loops.
  init(_ material: Material, _ services: Services, _ limits: ConnectionLimits, loops: Int) throws {
    group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    verifier = material.verifier
    self.services = services
    connections = Connections(limits)
    services.metrics.observe(connections)
    acceptor = try Acceptor(material, services, connections, limits, on: group)
  }

  /// Goes on looking for what expires.
  func keep(_ watch: ExpiryWatch) { watch.start(on: group.next()) }

  /// Gives memory back from time to time.
  func keep(_ memory: MemoryReturn) { memory.start(on: group.next()) }

  /// Reads from `inotify` from here on.
  func watch(_ inotify: FileDescriptor) throws { _ = try services.outputs.start(inotify, on: group).wait() }

  /// Accepts on `sockets` from here on.
  func accept(on sockets: [FileDescriptor]) throws {
    for socket in sockets {
      let channel = try acceptor.start(socket, on: group).wait()
      acceptors.withLock { $0.append(channel) }
    }
  }

  /// Closes the connections of clients whom `trust` does not let in; so it decides about handshakes from here on.
  func recheckClients(_ trust: Trust) {
    // First, so that a connection that is not seen below is judged by it in its handshake.
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

  /// How long connections may go on when there is no supervisor any more.
  static let orphanTime = TimeAmount.seconds(30)

  /// Accepts no more and lets the open connections finish.
  ///
  /// - Parameters:
  ///   - time: those that are left after this are cut off; by default the limits'. Of several calls the shortest counts.
  ///   - acceptingFor: how long it goes on accepting first; the first call counts.
  /// - Returns: done when none is left.
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

  /// Nobody who was accepted is turned away: a connection passes from the acceptor's loop to its own and back before it is
  /// set up, and is dropped if the acceptor is closed by then. So reading stops first, and every loop has its turn, twice.
  private func stopAccepting(on loop: any EventLoop) -> EventLoopFuture<Void> {
    let channels = acceptors.withLock { $0 }
    for channel in channels { channel.pipeline.fireUserInboundEventTriggered(AcceptFaults.AcceptingEnds()) }
    let paused = channels.map { $0.setOption(.autoRead, value: false) }
    return EventLoopFuture.andAllComplete(paused, on: loop)
      .flatMap { self.everyLoopsTurn(on: loop) }
      .flatMap { self.everyLoopsTurn(on: loop) }
      .flatMap { EventLoopFuture.andAllComplete(channels.map { $0.close() }, on: loop) }
  }

  /// Done when every event loop has had a turn.
  func everyLoopsTurn() -> EventLoopFuture<Void> { everyLoopsTurn(on: group.next()) }

  private func everyLoopsTurn(on loop: any EventLoop) -> EventLoopFuture<Void> {
    EventLoopFuture.andAllComplete(group.makeIterator().map { $0.submit {} }, on: loop)
  }

  /// Ends everything at once.
  func stop() {
    do { try group.syncShutdownGracefully() } catch {
      services.log.warning("event loops did not stop cleanly", metadata: ["error": "\(error)"])
    }
  }
}
