import Glibc
import Logging
import SystemCalls

extension ListeningSocket {
  /// Binds every endpoint; sockets in `existing` that are still wanted stay as they are.
  ///
  /// A host without IPv6 cannot bind `::`, which is one of the default addresses; that is only a warning if there is another address to
  /// listen on.
  ///
  /// - Parameter patience: how long to retry a port that is in use, in milliseconds.
  static func bindAll(
    _ endpoints: [Endpoint], existing: [ListeningSocket] = [], patience: Int = 0, log: SupervisorLog
  ) throws(StartFailure) -> [ListeningSocket] {
    var sockets: [ListeningSocket] = []
    var unavailable: [SystemError] = []
    for endpoint in endpoints {
      if let socket = existing.first(where: { $0.endpoint == endpoint }) {
        sockets.append(socket)
        continue
      }
      do throws(SystemError) {
        let beside = existing.filter { $0.endpoint.port == endpoint.port }
        sockets.append(try opened(endpoint, beside: beside, patience: patience))
      } catch  where endpoint.address == "::" && [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.code) {
        unavailable.append(error)
      } catch {
        throw StartFailure(binding: endpoint, error)
      }
    }
    if let error = unavailable.first {
      guard !sockets.isEmpty else { throw StartFailure(EX_UNAVAILABLE, error) }
      log.logger.warning("this host has no IPv6; not listening on it: \(error)")
    }
    return sockets
  }

  private static func opened(
    _ endpoint: Endpoint, beside: [ListeningSocket], patience: Int
  ) throws(SystemError) -> ListeningSocket {
    var left = patience
    while true {
      do throws(SystemError) { return try ListeningSocket(endpoint, beside: beside) } catch {
        guard error.code == EADDRINUSE, left > 0 else { throw error }
      }
      left -= 20
      usleep(20_000)
    }
  }

  /// How long a start waits for a port, in milliseconds.
  ///
  /// The listener of an agentd that was just killed dies too, but not in the same moment, and holds the port until then. nginx tries for
  /// 2.5 seconds.
  static let startPatience = 3000
}

extension StartFailure {
  fileprivate init(binding endpoint: ListeningSocket.Endpoint, _ error: SystemError) {
    let hint: String? =
      switch error.code {
      case EADDRINUSE: "see what listens there with: ss -ltnp sport = :\(endpoint.port)"
      case EACCES: "only root can use ports below 1024; choose another with: agent-register -L -p PORT"
      case EADDRNOTAVAIL: "see this host's addresses with: ip address"
      default: nil
      }
    self.init(EX_UNAVAILABLE, "cannot listen on \(endpoint): \(error.reason)", hint: hint)
  }
}
