import Glibc
import SystemCalls
import Values

extension ListenerConfiguration {
  init(_ table: StrictTable) throws(ConfigurationError) {
    self.init()
    try table.refuseUnknown(besides: Self.keys)
    certificate = try table.string("certificate").map { text throws(ConfigurationError) in
      guard let thumbprint = Thumbprint(text) else {
        throw table.error(
          "certificate",
          "certificate must be a SHA-256 thumbprint, 64 hex digits, not \(quoted(text)); set it with: "
            + "agent-register -L -t THUMBPRINT")
      }
      return thumbprint
    }
    if let methods = try table.strings("methods"), methods != ["tls"] {
      throw table.error("methods", "methods must be [\"tls\"]: there is no other authentication method")
    }
    if let addresses = try table.strings("addresses") {
      if let fault = Self.fault(of: addresses) { throw table.error("addresses", fault) }
      self.addresses = addresses
    }
    port = try table.integer("port", in: 1...65535) ?? port
    try readRenewal(table)
  }

  private mutating func readRenewal(_ table: StrictTable) throws(ConfigurationError) {
    let remedy = "set it with: agent-register -L -s SERVER"
    enrolmentServer = try table.string("enrolment_server")
    if let server = enrolmentServer, !Self.isServer(server) {
      throw table.error("enrolment_server", "enrolment_server must be HOST:PORT, not \(quoted(server)); \(remedy)")
    }
    renewAt = try table.string("renew_at").map { text throws(ConfigurationError) in
      guard let moment = Timestamp(text) else {
        throw table.error(
          "renew_at", "renew_at must be a time such as 2026-12-31T23:59:59Z, not \(quoted(text)); \(remedy)")
      }
      return moment
    }
    if (enrolmentServer == nil) != (renewAt == nil) {
      let key = renewAt == nil ? "enrolment_server" : "renew_at"
      throw table.error(key, "enrolment_server and renew_at need each other; \(remedy)")
    }
  }

  /// Checks the form only: no character in it ends a TOML string or a line.
  private static func isServer(_ text: String) -> Bool {
    (1...300).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
  }

  /// Returns what is wrong with the addresses to listen on; `nil` if nothing is.
  public static func fault(of addresses: [String]) -> String? {
    if addresses.isEmpty { return "at least one address is needed to listen on" }
    if addresses.count > maximumAddresses {
      return "at most \(maximumAddresses) addresses are allowed, not \(addresses.count)"
    }
    if Set(addresses).count < addresses.count { return "an address is listed twice" }
    return addresses.first { !isAddress($0) }.map {
      "\(quoted($0)) is not an IPv4 or IPv6 address, for example 0.0.0.0 or ::"
    }
  }

  /// Returns whether the text is an IPv4 or IPv6 literal; an IPv6 one may have a scope, as in `fe80::1%eth0`, if the interface exists.
  private static func isAddress(_ text: String) -> Bool {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 { return true }
    guard text.contains(":") else { return false }
    var hints = addrinfo()
    hints.ai_family = AF_INET6
    hints.ai_flags = AI_NUMERICHOST
    var result: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(text, nil, &hints, &result) == 0 else { return false }
    freeaddrinfo(result)
    return true
  }
}

extension ListenerConfiguration {
  /// Replaces `file`, mode 0644; the contents are on disk when this returns. On failure the old file stays.
  public func save(to file: String) throws(SystemError) {
    try DurableFile.replace(file, with: Array(text.utf8), mode: 0o644)
  }

  /// The contents of the file. Nothing needs escaping: there are only digits, and addresses that were checked.
  var text: String {
    """
    # Written by agent-register -L, which overwrites it.
    \(certificate.map { "certificate = \"\($0)\"\n" } ?? "")methods = [\(list(methods))]
    addresses = [\(list(addresses))]
    port = \(port)
    \(renewal)
    """
  }

  private var renewal: String {
    guard let enrolmentServer, let renewAt else { return "" }
    return "enrolment_server = \"\(enrolmentServer)\"\nrenew_at = \"\(renewAt)\"\n"
  }

  private func list(_ words: [String]) -> String { words.map { "\"\($0)\"" }.joined(separator: ", ") }
}
