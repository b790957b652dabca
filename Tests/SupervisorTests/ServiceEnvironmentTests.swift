import Testing

@testable import Supervisor

/// The meaning of a service manager's environment for the process it was made for, and for others.
struct ServiceEnvironmentTests {
  private static let rows: [([String: String], ServiceEnvironment)] = [
    ([:], .init()),
    (["NOTIFY_SOCKET": ""], .init()),
    (["NOTIFY_SOCKET": "/run/n"], .with { $0.notifySocket = "/run/n" }),
    (["WATCHDOG_USEC": "3000000"], .with { $0.watchdogLimit = .seconds(3) }),
    (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"], .with { $0.watchdogLimit = .seconds(3) }),
    (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"], .init()),
    (["WATCHDOG_USEC": "0"], .init()),
    (["WATCHDOG_USEC": "-1"], .init()),
    (["WATCHDOG_USEC": "soon"], .init()),
    (["LISTEN_FDS": "2"], .init()),
    (["LISTEN_FDS": "2", "LISTEN_PID": "8"], .init()),
    (["LISTEN_FDS": "99", "LISTEN_PID": "8"], .init()),
    (["LISTEN_FDS": "2", "LISTEN_PID": "7"], .with { $0.socketCount = 2 }),
    (["LISTEN_FDS": "32", "LISTEN_PID": "7"], .with { $0.socketCount = 32 }),
  ]

  @Test(arguments: rows) func isRead(environment: [String: String], expected: ServiceEnvironment) throws {
    #expect(try ServiceEnvironment(environment, processID: 7) == expected)
  }

  @Test(arguments: ["33", "-1", "", "two"]) func countsOutOfRangeAreRefused(count: String) {
    #expect(throws: StartFailure.self) {
      try ServiceEnvironment(["LISTEN_FDS": count, "LISTEN_PID": "7"], processID: 7)
    }
  }
}

extension ServiceEnvironment {
  fileprivate static func with(_ change: (inout ServiceEnvironment) -> Void) -> ServiceEnvironment {
    var environment = ServiceEnvironment()
    change(&environment)
    return environment
  }
}
