import Glibc

/// What a service manager requests and offers in the environment: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).
struct ServiceEnvironment: Equatable {
  /// The datagram socket for notifications: a path, or `@` and a name in the abstract namespace.
  var notifySocket: String?
  /// The watchdog's timeout; `nil` if there is no watchdog.
  var watchdogLimit: Duration?
  /// The number of listening sockets that are open, from `firstSocket` on.
  var socketCount = 0

  /// The descriptor of the first socket that is handed over.
  static let firstSocket: Int32 = 3
  /// The maximum number of sockets; a frame to the listener holds this many and more.
  static let maximumSockets = 32

  /// Creates an environment that requests and offers nothing.
  init() {}

  /// Reads what is meant for the process with this ID; ignores what names another process.
  init(_ environment: [String: String], processID: pid_t) throws(StartFailure) {
    notifySocket = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
    let isWatched = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
    if isWatched, let limit = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), limit > 0 {
      watchdogLimit = .microseconds(limit)
    }
    if environment["LISTEN_PID"] == "\(processID)", let text = environment["LISTEN_FDS"] {
      guard let count = Int(text), (0...Self.maximumSockets).contains(count) else {
        throw StartFailure(
          EX_CONFIG,
          "LISTEN_FDS in the environment: \(String(reflecting: text.prefix(32))) is not a number from 0 to \(Self.maximumSockets)",
          hint: "hand over fewer sockets: see ListenStream= in agentd.socket")
      }
      socketCount = count
    }
  }
}
