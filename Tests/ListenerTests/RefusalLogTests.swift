import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import Listener

/// Ten lines per source and minute, then a summary; a noisy source does not suppress the lines of others.
struct RefusalLogTests {
  @Test func tenLinesThenASum() throws {
    let collected = CollectedLog()
    let loop = EmbeddedEventLoop()
    let log = RefusalLog(collected.logger)
    let loud = try SocketAddress(ipAddress: "10.0.0.1", port: 4000)
    for _ in 0..<52 { log.refused(loud, "because", on: loop) }
    #expect(collected.lines == Array(repeating: "info connection refused peer=10.0.0.1:4000 reason=because", count: 10))
    log.refused(try SocketAddress(ipAddress: "10.0.0.2", port: 1), "why", on: loop)
    #expect(collected.lines.last == "info connection refused peer=10.0.0.2:1 reason=why")
    loop.advanceTime(by: .seconds(60))
    #expect(collected.lines.count == 12)
    #expect(collected.lines.last == "info 42 more connections refused from 10.0.0.1 in the last minute")
    log.refused(loud, "again", on: loop)
    #expect(collected.lines.last == "info connection refused peer=10.0.0.1:4000 reason=again")
  }

  @Test func aNetworkOfIPv6IsOneSource() throws {
    let collected = CollectedLog()
    let loop = EmbeddedEventLoop()
    let log = RefusalLog(collected.logger)
    for number in 0..<12 { log.refused(try SocketAddress(ipAddress: "2001:db8::\(number)", port: 7), "why", on: loop) }
    log.refused(try SocketAddress(ipAddress: "2001:db8:0:1::1", port: 7), "why", on: loop)
    #expect(collected.lines.count == 11)
    #expect(collected.lines.last == "info connection refused peer=[2001:db8:0:1::1]:7 reason=why")
    loop.advanceTime(by: .seconds(60))
    #expect(collected.lines.last == "info 2 more connections refused from 2001:db8:0:0::/64 in the last minute")
  }

  @Test func theTableIsBounded() throws {
    let collected = CollectedLog()
    let loop = EmbeddedEventLoop()
    let log = RefusalLog(collected.logger)
    for number in 0..<(RefusalLog.maximumSources + 100) {
      let address = "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)"
      log.refused(try SocketAddress(ipAddress: address, port: 7), "why", on: loop)
    }
    #expect(collected.lines.count == RefusalLog.maximumSources + 10)
    loop.advanceTime(by: .seconds(60))
    #expect(collected.lines.last == "info 90 more connections refused from other addresses in the last minute")
  }
}
