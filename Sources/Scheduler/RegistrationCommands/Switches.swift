import AgentProtocol
import CertificateAuthority
import CommandGrammar
import Console
import OpenSSL
import Values
import Wording

/// The values of a command's switches, after a check against its syntax.
struct Switches {
  private let values: [String: String]

  init(_ command: ParsedCommand) {
    values = Dictionary(command.switches.map { ($0.name, $0.value ?? "") }) { first, _ in first }
  }

  func has(_ name: String) -> Bool { values[name] != nil }

  /// Returns the value of an optional switch.
  func value(_ name: String) -> String? { values[name] }

  /// Returns the value of a switch that the syntax requires.
  func required(_ name: String) -> String { values[name] ?? "" }

  func keyKind() throws(CommandError) -> KeyKind {
    guard let text = values["KEYTYPE"] else { return .p256 }
    if let kind = KeyKind.allCases.first(where: { $0.rawValue.uppercased() == text.uppercased() }) { return kind }
    let known = KeyKind.allCases.map(\.rawValue)
    let hint =
      nearestWord(to: text, among: known).map { "did you mean \($0)?" } ?? "one of \(known.joined(separator: ", "))"
    throw CommandError(.usage, "/KEYTYPE=\(text) is not known; \(hint)")
  }

  /// Returns the validity of a listener's certificate: exactly as requested. Without a request, the expiry times are spread.
  func listenerLifetime(now: Int64) throws(CommandError) -> Lifetime {
    Lifetime(days: try days(otherwise: Lifetime.days), now: now, spread: !has("DAYS"))
  }

  func days(otherwise days: Int) throws(CommandError) -> Int {
    guard let text = values["DAYS"] else { return days }
    guard let days = Int(text), (1...Lifetime.maximumDays).contains(days) else {
      throw CommandError(.usage, "/DAYS=\(text): expected a whole number from 1 to \(Lifetime.maximumDays)")
    }
    return days
  }

  /// Returns a duration in seconds, given as a number with `s`, `m`, `h` or `d`.
  ///
  /// - Parameter most: the maximum, in seconds.
  func time(_ name: String, otherwise seconds: Int64, most: Int64) throws(CommandError) -> Int64 {
    guard let text = values[name] else { return seconds }
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    guard let unit = text.lowercased().last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), number > 0,
      number <= most / unit
    else {
      throw CommandError(
        .usage, "/\(name)=\(text): expected a number with s, m, h or d, as in 24h, at most \(most / 86400)d")
    }
    return number * unit
  }

  func port(otherwise port: Int) throws(CommandError) -> Int {
    guard let text = values["PORT"] else { return port }
    guard let port = UInt16(text), port > 0 else {
      throw CommandError(.usage, "/PORT=\(text): expected a number from 1 to 65535")
    }
    return Int(port)
  }

  func bindAddress() throws(CommandError) -> String? {
    guard let text = values["BIND"] else { return nil }
    guard HostName.isAddress(text) else { throw CommandError(.usage, "/BIND=\(text) is not an IPv4 or IPv6 address") }
    return text
  }

  func thumbprint() throws(CommandError) -> ThumbprintQuery? {
    guard let text = values["THUMBPRINT"] else { return nil }
    do throws(ThumbprintError) { return try ThumbprintQuery(text) } catch {
      throw CommandError(.usage, "/THUMBPRINT: \(error)")
    }
  }

  /// Returns a name that is valid in a certificate.
  func commonName(_ name: String, otherwise other: String) throws(CommandError) -> String {
    guard let text = values[name] else { return other }
    guard (1...64).contains(text.unicodeScalars.count), text.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else {
      throw CommandError(.usage, "/\(name): a name has 1 to 64 characters")
    }
    return text
  }

  /// Returns the agent's name for the scheduler: a host name, which also goes into its certificate.
  func agentName() throws(CommandError) -> String {
    do { return try Self.agentName(required("AGENTNAME")) } catch {
      throw CommandError(.usage, "/AGENTNAME=\(error)")
    }
  }

  static func agentName(_ text: String) throws(CommandError) -> String {
    guard HostName.isOne(text), text.utf8.count <= 64 else {
      throw CommandError(
        .data, "\(text): expected a host name of at most 64 letters, digits, dots, hyphens and underscores")
    }
    return text
  }

  /// Returns the address of an agent; without the switch, its name.
  func address(of agentName: String) throws(CommandError) -> (host: String, port: UInt16) {
    let text = values["ADDRESS"] ?? agentName
    guard let parts = HostAndPort.parts(text), HostName.isOne(parts.host) || HostName.isAddress(parts.host) else {
      throw CommandError(
        .usage, "/ADDRESS=\(text): expected a host name or address, and optionally :PORT, from 1 to 65535")
    }
    return (parts.host, parts.port ?? UInt16(HostAndPort.agentPort))
  }

  /// Returns the further names of an agent.
  func alternativeNames() throws(CommandError) -> [AlternativeName] {
    try (values["SAN"] ?? "").split(separator: ",").map { part throws(CommandError) in
      do { return try Self.alternativeName(part.drop { $0 == " " }.description) } catch {
        throw CommandError(.usage, "/SAN: \(error)")
      }
    }
  }

  static func alternativeName(_ text: String) throws(CommandError) -> AlternativeName {
    if HostName.isAddress(text) { return .address(text) }
    guard HostName.isOne(text) else {
      throw CommandError(.data, "\(text.debugDescription) is neither a host name nor an address")
    }
    return .dns(text)
  }
}
