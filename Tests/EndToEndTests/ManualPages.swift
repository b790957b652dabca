// Goal: the manual matches the programs: it misses no option, command or switch, and lists none that does not exist. The output of --help
// fits on a screen.
import FoundationEssentials
import SystemCalls
import TestSupport
import Testing

@Suite struct ManualPages {
  static let folder = "\(BuiltProduct.packageFolder)/docs/man"
  static let pages = (try? Folder.names(in: folder).sorted()) ?? []

  @Test func thereIsOneForEachProgramAndFile() {
    #expect(
      Self.pages == [
        "agent-register.8", "agentctl.1", "agentd-shepherd.8", "agentd.8", "agentd.toml.5", "listener.toml.5",
        "scheduler-register.1",
      ])
  }

  @Test(arguments: pages) func mandocHasNothingToSay(page: String) async throws {
    let result = try await run("mandoc", "-T", "lint", "-W", "warning", "\(Self.folder)/\(page)")
    #expect(result.end == .exited(0) && result.output.isEmpty, "\(result.outputText)")
  }

  @Test(arguments: ["agentd.8", "agent-register.8", "agentctl.1", "scheduler-register.1"])
  func theyHaveTheOptionsThatHelpHas(page: String) async throws {
    let program = page.split(separator: ".")[0].description
    var helps = [try await help(program)]
    for command in Self.commands(helps[0]) { helps.append(try await help(program, command)) }
    let printed = Set(helps.flatMap(Self.options))
    let documented = Set(try Self.items(page).flatMap { $0.matches(of: #/Fl (-?[\w-]+)/#).map { "-\($0.1)" } })
    #expect(printed.count > 3)
    #expect(printed.subtracting(documented) == [], "missing in \(page)")
    #expect(documented.subtracting(printed) == [], "not in \(program)")
  }

  @Test(arguments: ["agentd", "agent-register", "agentctl", "scheduler-register"])
  func helpFitsAScreen(program: String) async throws {
    let first = try await help(program)
    #expect(
      first.split(separator: "\n", omittingEmptySubsequences: false).count <= (program == "agent-register" ? 40 : 28))
    for text in try await [first] + Self.commands(first).asyncMap({ try await help(program, $0) }) {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count <= 42, "\(text)")
      #expect(lines.allSatisfy { $0.count <= 80 }, "\(text)")
    }
  }

  @Test func theSchedulersCommandsAndSwitchesAreThere() async throws {
    let program = try BuiltProduct.path("scheduler-register")
    let lines = try await run(program, "HELP").outputText.split(separator: "\n")
    let commands = lines.compactMap { $0.prefixMatch(of: #/([A-Z ]+[A-Z])  /#).map { String($0.1) } }.filter {
      $0 != "HELP"
    }
    #expect(commands.count > 10)
    var documented: [String: Set<String>] = [:]
    var command = ""
    for line in try Self.lines("scheduler-register.1") {
      if let match = line.wholeMatch(of: #/\.Ss ([A-Z ]+)/#) {
        command = String(match.1)
        documented[command] = []
      }
      if let match = line.prefixMatch(of: #/\.It Cm (/[A-Z]+)/#) { documented[command]?.insert(String(match.1)) }
    }
    #expect(Set(documented.keys) == Set(commands))
    for command in commands {
      let help = try await TestProcess([program, "HELP"] + command.split(separator: " ").map(String.init)).end()
      let switches = help.outputText.split(separator: "\n").compactMap { line in
        line.prefixMatch(of: #/  (/[A-Z]+)/#).map { String($0.1) }
      }
      #expect(documented[command] == Set(switches), "\(command)")
    }
  }

  private func help(_ program: String, _ command: String? = nil) async throws -> String {
    let arguments = [try BuiltProduct.path(program)] + [command, "--help"].compactMap(\.self)
    let result = try await TestProcess(arguments).end()
    #expect(result.end == .exited(0), "\(result.errorText)")
    return result.outputText
  }

  /// Returns the commands listed at the end of `help`.
  private static func commands(_ help: String) -> [String] {
    guard let list = help.firstRange(of: "SUBCOMMANDS:\n") else { return [] }
    return help[list.upperBound...].matches(of: #/(?m)^  ([a-z]+)(?:, [a-z]+)?  /#).map { String($0.1) }
  }

  private static func options(_ help: String) -> [String] {
    help.matches(of: #/(?m)^  (-\S+?)(?:, (--\S+))?(?: |$)/#).flatMap { match in
      [String(match.1)] + (match.2.map { [String($0)] } ?? [])
    }
  }

  private static func lines(_ page: String) throws -> [Substring] {
    String(decoding: try DurableFile.read("\(folder)/\(page)", limit: 1 << 20), as: UTF8.self).split(separator: "\n")
  }

  private static func items(_ page: String) throws -> [Substring] {
    try lines(page).filter { $0.hasPrefix(".It Fl ") }
  }
}

extension Array {
  fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
