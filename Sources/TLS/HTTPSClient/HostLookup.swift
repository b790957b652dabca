import Glibc
import NIOCore
import NIOPosix
import Synchronization
import SystemCalls

/// Looks up a host's addresses without delaying lookups of other hosts.
///
/// getaddrinfo(3) takes many seconds if a name server does not answer, and SwiftNIO does one lookup at a time per event loop.
final class HostLookup: Resolver, Sendable {
  private let v4: EventLoopPromise<[SocketAddress]>
  private let v6: EventLoopPromise<[SocketAddress]>

  init(on loop: any EventLoop) {
    v4 = loop.makePromise()
    v6 = loop.makePromise()
  }

  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v4.futureResult }

  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    LookupThreads.shared.run { self.look(host, port) }
    return v6.futureResult
  }

  /// getaddrinfo(3) cannot be cancelled; its result is ignored.
  func cancelQueries() {}

  private func look(_ host: String, _ port: Int) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    guard status == 0 else {
      let unknown = UnknownHost(host: host, cause: String(cString: gai_strerror(status)))
      v6.fail(unknown)
      return v4.fail(unknown)
    }
    defer { freeaddrinfo(list) }
    let found = Array(sequence(first: list) { $0?.pointee.ai_next }.prefix { $0 != nil }.compactMap { $0?.pointee })
    func addresses<Address>(_ family: Int32, _ make: (Address, String) -> SocketAddress) -> [SocketAddress] {
      found.filter { $0.ai_family == family }.compactMap { entry in
        entry.ai_addr.map { make(UnsafeRawPointer($0).load(as: Address.self), host) }
      }
    }
    v6.succeed(addresses(AF_INET6) { (address: sockaddr_in6, host) in SocketAddress(address, host: host) })
    v4.succeed(addresses(AF_INET) { (address: sockaddr_in, host) in SocketAddress(address, host: host) })
  }
}

/// A name that no name service knows, or for which none answered.
struct UnknownHost: Error, CustomStringConvertible {
  let host: String
  let cause: String
  var description: String { "its address cannot be looked up: \(cause)" }
}

/// Threads that are started when there is something to look up, and end when there is not.
private final class LookupThreads: Sendable {
  typealias Work = @Sendable () -> Void

  static let shared = LookupThreads()
  /// The maximum number of concurrent lookups, so that unanswered ones do not delay others.
  private static let maximum = 256

  private let state = Mutex<(waiting: [Work], threads: Int)>(([], 0))

  func run(_ work: @escaping Work) {
    let needsThread = state.withLock { state in
      state.waiting.append(work)
      guard state.threads < Self.maximum else { return false }
      state.threads += 1
      return true
    }
    guard needsThread else { return }
    do throws(SystemError) { try DetachedThread.start { self.drain() } } catch { drain() }
  }

  private func drain() {
    while true {
      let work = state.withLock { state -> Work? in
        if state.waiting.isEmpty {
          state.threads -= 1
          return nil
        }
        return state.waiting.removeFirst()
      }
      guard let work else { return }
      work()
    }
  }
}
