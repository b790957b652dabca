// Goal: what agentd -C writes, what etc/agentd.toml and agentd.toml(5) say, and what the reader accepts are the same: every key, its
// default and its range.
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import AgentConfiguration

@Suite struct KeysAreDocumented {
  private let defaults = DefaultPaths(environment: [:], isRoot: true).configuration

  private func load(_ text: String) throws -> AgentConfiguration {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", text, mode: 0o600)
    var configuration = try AgentConfiguration.load(file: file, environment: [:], isRoot: true)
    (configuration.file, configuration.isFileNamed) = (nil, false)
    return configuration
  }

  /// A file that sets one key, with everything else that the key requires.
  private func setting(_ section: ConfigurationSection, _ key: ConfigurationKey, _ value: String) -> String {
    let client = section.header == "[[client]]" && key.name != "certificate" ? "certificate = \"*\"\n" : ""
    let pool = key.name == "pool" ? "\n[jobs.pools.backup]\nmax_running = 1\n" : ""
    return "\(section.header)\n\(client)\(key.name) = \(value)\n\(pool)"
  }

  @Test func whatIsWrittenIsTheDefault() throws {
    #expect(try load(AgentConfiguration.commented) == defaults)
    let lines = AgentConfiguration.commented.split(separator: "\n", omittingEmptySubsequences: false)
    let isDefault = { (line: Substring) in
      line.prefixMatch(of: #/#[a-z]\w* = /#) != nil && !line.hasSuffix("# for example")
    }
    let opened = lines.map { isDefault($0) ? $0.dropFirst() : $0 }
    var named = defaults
    named.jobs.isDefaultUserNamed = true
    #expect(try load(opened.joined(separator: "\n")) == named)
    let sections = ConfigurationReference.sections.filter { !$0.isExample }
    #expect(lines.count(where: isDefault) == sections.flatMap(\.keys).count(where: \.isDefault))
  }

  @Test func theTablesOfTheAdministratorAreExamples() throws {
    let opened = AgentConfiguration.commented.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("#   ") ? $0.dropFirst(4) : $0 }
    let configuration = try load(opened.joined(separator: "\n"))
    let client = try #require(configuration.clients.first)
    let plain = ClientTable(line: 1, certificate: client.certificate)
    #expect(configuration.clients.count == 1)
    #expect(client.allowRoot == plain.allowRoot && client.jobs == plain.jobs && client.readOnly == plain.readOnly)
    #expect(configuration.jobs.pools == ["backup": 2] && client.pool == "backup")
  }

  @Test(arguments: ConfigurationReference.sections.indices)
  func everyKeyIsReadWithItsValueAndNoOther(index: Int) throws {
    let section = ConfigurationReference.sections[index]
    for key in section.keys {
      #expect(throws: Never.self, "\(key.name)") { try load(setting(section, key, key.value)) }
      let error = #expect(throws: ConfigurationError.self) { try load(setting(section, key, "[[1]]")) }
      #expect(error?.message.hasPrefix("\(key.name) must be ") == true, "\(key.name): \(String(describing: error))")
      guard case .number(let range) = key.form else { continue }
      for inside in [range.lowerBound, range.upperBound] {
        #expect(throws: Never.self, "\(key.name)") { try load(setting(section, key, "\(inside)")) }
      }
      let beyond = [range.lowerBound - 1] + (range.upperBound == Int.max ? [] : [range.upperBound + 1])
      for outside in beyond {
        #expect(throws: ConfigurationError.self, "\(key.name)") { try load(setting(section, key, "\(outside)")) }
      }
    }
  }

  @Test func theWordsOfAChoiceAreAll() throws {
    for section in ConfigurationReference.sections {
      for case let (key, .oneOf(words)) in section.keys.map({ ($0, $0.form) }) {
        for word in words {
          #expect(throws: Never.self, "\(key.name)") { try load(setting(section, key, "\"\(word)\"")) }
        }
      }
    }
  }

  @Test func theDocumentsAreUpToDate() throws {
    try Document(path: "etc/agentd.toml").holds(AgentConfiguration.commented)
    let page = Document(path: "docs/man/agentd.toml.5")
    try page.holds(try page.text.replacingKeys(with: ConfigurationReference.manual))
  }
}

/// A file of the package that `make docs` generates from the reference.
private struct Document {
  let path: String

  private var file: String { "\(BuiltProduct.packageFolder)/\(path)" }
  var text: String { get throws { String(decoding: try DurableFile.read(file, limit: 1 << 20), as: UTF8.self) } }

  func holds(_ expected: String) throws {
    if getenv("AGENTD_WRITE_DOCUMENTS") != nil {
      try DurableFile.replace(file, with: Array(expected.utf8), mode: 0o644)
    }
    let isUpToDate = try text == expected
    #expect(isUpToDate, "\(path) is not what the reference says: run make docs")
  }
}

extension String {
  private static let (begin, end) = (".\\\" keys: begin\n", ".\\\" keys: end\n")

  fileprivate func replacingKeys(with keys: String) throws -> String {
    let begin = try #require(firstRange(of: Self.begin)).upperBound
    let end = try #require(firstRange(of: Self.end)).lowerBound
    return self[..<begin] + keys + self[end...]
  }
}
