/// The surroundings that a process finds.
struct Surroundings: Equatable {
  var umask = ""
  /// The groups `primary` and `all`, by name.
  var groups: [String: String] = [:]
  /// Soft and hard limit, by the kernel's name for the resource.
  var limits: [String: String] = [:]
  var environment: [String: String] = [:]

  /// The script that prints everything.
  ///
  /// It has no single quotes, because another shell may have to pass it on, and full paths, because the user's PATH may lead anywhere.
  static let script =
    "exec 2>/dev/null; umask; /usr/bin/id -gn; /usr/bin/id -Gn; /bin/cat /proc/self/limits; "
    + "echo ENVIRONMENT; exec /usr/bin/env -0"

  /// The variables that the shell running the script sets itself, and the working directory.
  private static let ownOfShell: Set<String> = ["_", "PWD", "OLDPWD", "SHLVL"]
  /// The prefix of the job's own variables, which a login does not have.
  private static let ownOfAgent = "AGENTD_"

  /// - Parameter output: the script's output. A login may have printed something before it.
  /// - Returns: `nil` for any other text.
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

  /// The name takes 25 columns, the two limits follow; proc_pid_limits(5).
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
