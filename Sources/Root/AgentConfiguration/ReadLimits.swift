import AgentProtocol
import Values
import Wording

extension ListenerLimits {
  /// Reads the values that the section `[limits]` sets.
  mutating func read(_ table: StrictTable) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ConfigurationReference.limits.names)
    connections = try table.integer("connections", in: 1...1_000_000) ?? connections
    connectionsPerSource = try table.integer("connections_per_source", in: 1...1_000_000) ?? connectionsPerSource
    unauthenticated = try table.earlyDrop("unauthenticated") ?? unauthenticated
    unauthenticatedPerSource =
      try table.integer("unauthenticated_per_source", in: 1...100_000) ?? unauthenticatedPerSource
    handshakeTimeout = try table.seconds("handshake_timeout", in: 1...600) ?? handshakeTimeout
    idleTimeout = try table.seconds("idle_timeout", in: 1...86_400) ?? idleTimeout
    requestsPerConnection =
      try table.integer("requests_per_connection", in: 1...1_000_000_000) ?? requestsPerConnection
  }
}

extension StrictTable {
  /// Returns a time in whole seconds: a number, or a string such as "10s" or "5m".
  fileprivate func seconds(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
    guard let text = try numberOrString(key) else { return nil }
    guard let seconds = TimeSpan(text)?.seconds, seconds == seconds.rounded(), let number = Int(exactly: seconds),
      range.contains(number)
    else {
      throw error(
        key,
        "\(key) must be from \(range.lowerBound) to \(range.upperBound) seconds, or a time such as \"10s\" or \"5m\", not \(quoted(text))"
      )
    }
    return number
  }

  /// Returns a value of the form `START:RATE:FULL`.
  fileprivate func earlyDrop(_ key: String) throws(ConfigurationError) -> EarlyDrop? {
    guard let text = try string(key) else { return nil }
    let numbers = text.parts(at: ":").map { part in
      part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
    }
    guard numbers.count == 3, let start = numbers[0], let rate = numbers[1], let full = numbers[2],
      (1...100_000).contains(full), (1...full).contains(start), (1...100).contains(rate)
    else {
      throw error(
        key,
        "\(key) must be \"START:RATE:FULL\", for example \"500:30:1000\", with START from 1 to FULL, RATE from 1 to 100 and FULL to 100000, not \(quoted(text))"
      )
    }
    return EarlyDrop(start: start, rate: rate, full: full)
  }
}
