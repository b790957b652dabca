extension AgentConfiguration {
  /// A file agentd.toml that lists every key with its default, in comments; `agentd -C` writes it.
  public static var commented: String {
    let sections = ConfigurationReference.sections.map { $0.lines.joined(separator: "\n") }
    return (introduction + sections).joined(separator: "\n\n") + "\n"
  }

  private static var introduction: [String] {
    let paragraphs: [String] = [
      """
      Configuration of agentd and agent-register, as agentd -C writes it. Comments show the default of every key; an empty \
      file, or no file, is enough. To change a key, remove the # in front of it. A misspelt key or a value out of range is \
      an error, reported with its line. agentd.toml(5) is the manual page.
      """,
      """
      This file is yours: no program writes to it. Root reads it only if it belongs to root and nobody else can write to it. \
      agentd reads it when it starts and when it reloads (kill -HUP, or systemctl reload agentd). The brackets say what a \
      value may be, and whether a change takes effect at the next reload or only after a restart.
      """,
      """
      The addresses and the port that agentd listens on, and its certificate, are in listener.toml, which agent-register \
      -L writes.
      """,
    ]
    return [paragraphs.map { comment($0).joined(separator: "\n") }.joined(separator: "\n#\n")]
  }
}

extension ConfigurationSection {
  fileprivate var lines: [String] {
    let about = text.flatMap { comment($0) }
    if isExample { return about + ["#   \(header)"] + Array(keys.map { $0.lines("#   ") }.joined(separator: ["#"])) }
    return [header] + about + keys.flatMap { (keys[0].name == $0.name && about.isEmpty ? [] : [""]) + $0.lines("#") }
  }
}

extension ConfigurationKey {
  fileprivate func lines(_ prefix: String) -> [String] {
    comment(text) + comment("(\(facts))") + ["\(prefix)\(name) = \(value)\(isDefault ? "" : "  # for example")"]
  }
}

/// Returns `text` as comment lines of at most 100 columns.
private func comment(_ text: String) -> [String] {
  var lines = ["#"]
  for word in text.split(separator: " ") {  // text: ours
    if lines[lines.count - 1].count + 1 + word.count > 100 { lines.append("#") }
    lines[lines.count - 1] += " \(word)"
  }
  return lines
}
