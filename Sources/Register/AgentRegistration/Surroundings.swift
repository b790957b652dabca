/// What a process finds around itself.
struct Surroundings: Equatable {
  var umask = ""
  /// `primary` and `all`, by name.
  var groups: [String: String] = [:]
  /// Soft and hard limit by the kernel's name for the resource.
  var limits: [String: String] = [:]
  var environment: [String: String] = [:]

  /// Prints all of it. Without single quotes, because another shell may have to hand it on; with full paths, because the
  /// user's PATH may lead anywhere.
  static let script =
    "exec 2>/dev/null; umask; /usr/bin/id -gn; /usr/bin/id -Gn; /bin/cat /proc/self/limits; "
    + "echo ENVIRONMENT; exec /usr/bin/env -0"

  /// What the shell that runs the script sets by itself, and where the process is.
  private static let ownOfShell: Set<String> = ["_", "PWD", "OLDPWD", "SHLVL"]
  /// The job's number and mark, of which a login knows nothing.
  private static let ownOfAgent = "AGENTD_"

  /// - Parameter output: what the script printed. A login may have printed something before.
  /// - Returns: `nil` if it is something else.
  init?(_ output: [UInt8]) {
    guard let marker = output.lastRange(of: Array("\nENVIRONMENT\n".utf8)) else { return nil }
    let lines = String(decoding: output[..<marker.lowerBound], as: UTF8.self).split(separator: "\n").map(String.init)
    guard let first = lines.lastIndex(where: { $0.hasPrefix("Limit  ") }), first >= 3 else { return nil }
    umask = lines[first - 3]
    groups = ["primary": lines[first - 2], "all": Self.sorted(lines[first - 1])]
    for line in lines[(first + 1)...] { read(limit: line) }
    for variable in output[marker.upperBound...].split(separator: 0) { read(variable: variable) }
  }

  private static func sorted(_ names: String) -> String {
    names.split(separator: " ").sorted().joined(separator: " ")
  }

  /// The name has 25 columns, then come the two limits; proc_pid_limits(5).
  private mutating func read(limit line: String) {
    let name = line.prefix(26).split(separator: " ").joined(separator: " ")
    limits[name] = line.dropFirst(26).split(separator: " ").prefix(2).joined(separator: ", ")
  }

  private mutating func read(variable: ArraySlice<UInt8>) {
    let text = String(decoding: variable, as: UTF8.self)
    guard let sign = text.firstIndex(of: "=") else { return }
    let name = String(text[..<sign])
    if Self.ownOfShell.contains(name) || name.hasPrefix(Self.ownOfAgent) { return }
    environment[name] = String(text[text.index(after: sign)...])
  }
}

extension [UInt8] {
  fileprivate func lastRange(of pattern: [UInt8]) -> Range<Int>? {
    guard count >= pattern.count else { return nil }
    return (0...(count - pattern.count)).last { self[$0..<($0 + pattern.count)].elementsEqual(pattern) }
      .map { $0..<($0 + pattern.count) }
  }
}
