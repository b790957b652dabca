extension StrictTable {
  /// The names of limits.conf(5), in the order of the kernel's numbers, which are the same on x86 and ARM.
  private static let resources = [
    "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending",
    "msgqueue",
    "nice", "rtprio", "rttime",
  ]

  /// What the section `[jobs.limits]` sets: a whole number, `"unlimited"`, or `"SOFT:HARD"` of these.
  func processLimits() throws(ConfigurationError) -> [Int: AgentConfiguration.ProcessLimit] {
    try refuseUnknown(besides: Self.resources)
    var limits: [Int: AgentConfiguration.ProcessLimit] = [:]
    for (number, name) in Self.resources.enumerated() {
      if let limit = try processLimit(name) { limits[number] = limit }
    }
    return limits
  }

  private func processLimit(_ key: String) throws(ConfigurationError) -> AgentConfiguration.ProcessLimit? {
    guard let text = try numberOrString(key) else { return nil }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { part in
      part == "unlimited" ? UInt64.max : UInt64(part).flatMap { $0 <= UInt64(Int64.max) ? $0 : nil }
    }
    guard (1...2).contains(parts.count), let soft = parts[0], let hard = parts[parts.count - 1], soft <= hard else {
      throw error(
        key,
        "\(key) must be a whole number, \"unlimited\", or \"SOFT:HARD\" with SOFT not above HARD, not \(quoted(text))")
    }
    return .init(soft: soft, hard: hard)
  }

  /// Three octal digits.
  func octal(_ key: String) throws(ConfigurationError) -> UInt32? {
    guard let text = try string(key) else { return nil }
    guard (3...4).contains(text.utf8.count), let value = UInt32(text, radix: 8), value <= 0o777 else {
      throw error(key, "\(key) must be octal digits, for example \"022\", not \(quoted(text))")
    }
    return value
  }
}
