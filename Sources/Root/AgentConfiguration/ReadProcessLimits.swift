import Wording

extension StrictTable {
  /// Reads the section `[jobs.limits]`; each value is a whole number, `"unlimited"`, or `"SOFT:HARD"` of these.
  func processLimits() throws(ConfigurationError) -> [Int: AgentConfiguration.ProcessLimit] {
    // In the order of the kernel's numbers, which are the same on x86 and ARM.
    let resources = ConfigurationReference.processLimits.names
    try refuseUnknown(besides: resources)
    var limits: [Int: AgentConfiguration.ProcessLimit] = [:]
    for (number, name) in resources.enumerated() {
      if let limit = try processLimit(name) { limits[number] = limit }
    }
    return limits
  }

  private func processLimit(_ key: String) throws(ConfigurationError) -> AgentConfiguration.ProcessLimit? {
    guard let text = try numberOrString(key) else { return nil }
    let parts = text.parts(at: ":").map { part in
      part == "unlimited" ? UInt64.max : UInt64(part).flatMap { $0 <= UInt64(Int64.max) ? $0 : nil }
    }
    guard (1...2).contains(parts.count), let soft = parts[0], let hard = parts[parts.count - 1], soft <= hard else {
      throw error(
        key,
        "\(key) must be a whole number, \"unlimited\", or \"SOFT:HARD\" with SOFT not above HARD, not \(quoted(text))")
    }
    return .init(soft: soft, hard: hard)
  }

  /// Returns the value of three or four octal digits, at most 0777.
  func octal(_ key: String) throws(ConfigurationError) -> UInt32? {
    guard let text = try string(key) else { return nil }
    guard (3...4).contains(text.utf8.count), let value = UInt32(text, radix: 8), value <= 0o777 else {
      throw error(key, "\(key) must be octal digits, for example \"022\", not \(quoted(text))")
    }
    return value
  }
}
