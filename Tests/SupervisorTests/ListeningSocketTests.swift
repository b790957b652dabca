import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// The configured addresses are those that listen, and a reload keeps every socket still in use.
struct ListeningSocketTests {
  private func free() throws -> UInt16 { UInt16(try FreePort.next()) }

  @Test(arguments: [("127.0.0.1", "127.0.0.1:"), ("0.0.0.0", "0.0.0.0:"), ("::1", "[::1]:"), ("::", "[::]:")])
  func everyFormOfAddress(address: String, shown: String) throws {
    let socket = try ListeningSocket(.init(address: address, port: 0))
    #expect(socket.shown.hasPrefix(shown))
    let raw = socket.descriptor.raw
    #expect(fcntl(raw, F_GETFD) & FD_CLOEXEC != 0 && fcntl(raw, F_GETFL) & O_NONBLOCK != 0)
  }

  @Test func bothFamiliesOnOnePort() throws {
    let port = try free()
    let sockets = try ListeningSocket.bindAll(
      [.init(address: "0.0.0.0", port: port), .init(address: "::", port: port)], log: LogLines().log)
    #expect(sockets.count == 2)
  }

  @Test func aStartWaitsForThePortOfOneThatIsEnding() async throws {
    let port = try free()
    let log = LogLines().log
    let ending = try ListeningSocket(.init(address: "127.0.0.1", port: port))
    async let later = Task.detached {
      usleep(200_000)
      ending.descriptor.close()
    }.value
    let sockets = try ListeningSocket.bindAll(
      [.init(address: "127.0.0.1", port: port)], patience: 60_000, log: log)
    await later
    #expect(sockets.count == 1)
    #expect(throws: StartFailure.self) {
      try ListeningSocket.bindAll([.init(address: "127.0.0.1", port: port)], patience: 100, log: log)
    }
  }

  @Test func aReloadKeepsWhatIsStillWanted() throws {
    let (first, second) = (try free(), try free())
    let log = LogLines().log
    let before = try ListeningSocket.bindAll([.init(address: "127.0.0.1", port: first)], log: log)
    let after = try ListeningSocket.bindAll(
      [.init(address: "127.0.0.1", port: first), .init(address: "127.0.0.1", port: second)], existing: before,
      log: log)
    #expect(after[0].descriptor === before[0].descriptor)
    #expect(after.count == 2)
  }

  @Test(arguments: [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")])
  func aReloadCanNarrowAndWidenTheAddress(before: String, after: String) throws {
    let port = try free()
    let log = LogLines().log
    let old = try ListeningSocket.bindAll([.init(address: before, port: port)], log: log)
    let new = try ListeningSocket.bindAll([.init(address: after, port: port)], existing: old, log: log)
    #expect(new.map(\.shown) == ["\(after):\(port)"])
    // A stranger cannot bind next to us afterwards.
    #expect(throws: StartFailure.self) {
      try ListeningSocket.bindAll([.init(address: "127.0.0.1", port: port)], log: log)
    }
  }
}
