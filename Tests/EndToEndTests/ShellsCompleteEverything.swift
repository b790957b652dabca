// Goal: Tab knows agents, labels, ids of jobs, states, thumbprints, commands and switches, also for the programs' names of JAMS.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct ShellsCompleteEverything {
  /// Returns what bash offers for the last word of a line.
  private func offered(
    _ words: [String], _ fleet: Fleet, variables: [String: String] = [:]
  ) async throws -> Set<String> {
    let share = try TemporaryFolder()
    let products = Path.folder(of: try BuiltProduct.path("agentctl"))
    let made = try await run("\(BuiltProduct.packageFolder)/scripts/completions", products, share.path)
    #expect(made.end == .exited(0), "\(made.errorText)")
    let programs = share.path("programs")
    try Folder.make(programs, mode: 0o755)
    for (name, product) in [
      ("agentctl", "agentctl"), ("jams-agentd", "agentd"), ("jams-register", "agent-register"),
      ("scheduler-register", "scheduler-register"),
    ] {
      symlink("\(products)/\(product)", "\(programs)/\(name)")
    }
    let line = words.joined(separator: " ")
    let script = """
      source \(share.path)/bash-completion/completions/\(words[0])
      COMP_WORDS=(\(words.map { "'\($0)'" }.joined(separator: " "))) COMP_CWORD=\(words.count - 1)
      COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count)
      function=$(complete -p \(words[0]) | sed -E 's/.* -F ([^ ]+).*/\\1/')
      compopt() { :; }
      "$function" '\(words[0])' '\(words[words.count - 1])' '\(words.count > 1 ? words[words.count - 2] : "")'
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let environment = fleet.environment.merging(["PATH": "\(programs):/usr/bin:/bin"]) { $1 }.merging(variables) { $1 }
    let result = try await TestProcess(
      ["bash", "--norc", "-c", script], environment: environment, directory: fleet.folder.path
    ).end()
    return Set(result.outputText.split(separator: "\n").map(String.init))
  }

  @Test func whatThereIsIsOffered() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("web1")
    try await agent.start()
    try await fleet.add("web1", agent)
    try await fleet.register("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=db1 /ADDRESS=127.0.0.1:1 /PLATFORM=Linux")
    _ = try await fleet.agentctl("label", "db1", "site=berlin")
    _ = try await fleet.agentctl("run", "web1", "--id", "nightly-7", "--", "/bin/true")
    let thumbprint = try #require(try await agent.configure("-L").firstMatch(of: /[0-9a-f]{64}/)?.output)
    let own = agent.environment.filter { $0.key == "AGENTD_CONFIG" }
    for (words, expected) in [
      (["agentctl", "show", "w"], "web1"), (["agentctl", "show", "web1", "ni"], "nightly-7"),
      (["agentctl", "logs", "web1", "ni"], "nightly-7"), (["agentctl", "logs", "d"], "db1"),
      (["agentctl", "cancel", "web1", ""], "nightly-7"), (["agentctl", "run", "-a", "s"], "site=berlin"),
      (["agentctl", "run", "-a", "web1,d"], "web1,db1"), (["agentctl", "jobs", "web1", "--state", "fa"], "failed"),
      (["agentctl", "to"], "top"), (["jams-agentd", "--st"], "--status"),
      (["jams-register", "-x", String(thumbprint.prefix(4))], String(thumbprint)),
      (["jams-register", "--remove-s"], "--remove-source"), (["scheduler-register", "ad"], "ADD"),
      (["scheduler-register", "ADD", "EXECUTOR", ""], "CONNECTOR"),
      (["scheduler-register", "add", "executor", "connector", "/AG"], "/AGENTNAME="),
      (["scheduler-register", "REMOVE", "EXECUTOR", "CONNECTOR", "/AGENTNAME=w"], "web1"),
      (["scheduler-register", "SERVE", ""], "ENROLMENT"),
    ] {
      let found = try await offered(words, fleet, variables: own)
      #expect(found.contains(expected), "\(words): \(found)")
      #expect(!found.contains("CREATE") || words.count == 2, "\(words): \(found)")
    }
  }

  /// The other shells read their files without complaint, where they are installed.
  @Test(arguments: ["zsh", "fish"]) func otherShellsReadTheirFiles(_ shell: String) async throws {
    let share = try TemporaryFolder()
    let products = Path.folder(of: try BuiltProduct.path("agentctl"))
    _ = try await run("\(BuiltProduct.packageFolder)/scripts/completions", products, share.path)
    let folder = shell == "zsh" ? "zsh/site-functions" : "fish/vendor_completions.d"
    let files = try Folder.names(in: share.path(folder))
    #expect(files.count == (shell == "zsh" ? 4 : 6), "\(files)")
    guard access("/usr/bin/\(shell)", X_OK) == 0 else { return }
    for file in files {
      let read = try await run("/usr/bin/\(shell)", "-n", share.path("\(folder)/\(file)"))
      #expect(read.end == .exited(0), "\(file): \(read.errorText)")
    }
  }
}
