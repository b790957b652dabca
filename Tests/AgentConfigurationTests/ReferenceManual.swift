@testable import AgentConfiguration

extension ConfigurationReference {
  /// The keys as mdoc(7), for agentd.toml(5).
  static var manual: String { sections.map(\.manual).joined() }
}

extension ConfigurationSection {
  fileprivate var manual: String {
    let about = text.map { "\(sentences($0))" }.joined(separator: ".Pp\n")
    let name = header == "[jobs.pools.backup]" ? "[jobs.pools.NAME]" : header
    return ".Ss \(name)\n\(about).Bl -tag -width Ds\n\(keys.map(\.manual).joined()).El\n"
  }
}

extension ConfigurationKey {
  fileprivate var manual: String {
    let value = isDefault ? "Default" : "Example"
    return """
      .It Cm \(name)
      \(sentences(text)).br
      \(facts.prefix(1).uppercased() + facts.dropFirst()).
      \(value):
      .Ql \(escaped(self.value))

      """
  }
}

/// Puts each sentence on its own line.
private func sentences(_ text: String) -> String {
  escaped(text).replacing(". ", with: ".\n") + "\n"
}

/// Escapes characters that are special to roff.
private func escaped(_ text: String) -> String {
  text.replacing("\\", with: "\\e").replacing("~", with: "\\(ti").replacing("\"", with: "\\(dq")
    .replacing(" -", with: " \\-")
}
