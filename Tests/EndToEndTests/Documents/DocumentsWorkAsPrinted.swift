// The promise: every command in README.md, docs/guide.md and the pages for emergencies works as printed, in order, on hosts installed with
// `make install`; its output is what the documents show below it. A new line is run automatically. Commands that cannot be run here are in
// one table, with the reason.
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can make hosts of name spaces"), .serialized) struct DocumentsWorkAsPrinted {
  /// Each with the documents whose commands are typed before, on the same hosts.
  static let documents = [
    ["README.md"], ["docs/guide.md"], ["docs/console.md"], ["docs/backup.md", "docs/restore.md"], ["docs/lost-ca.md"],
  ]
  /// What the documents about emergencies assume: a scheduler with an agent, which in the second case is lost.
  static let before = [
    "docs/backup.md": scheduler, "docs/restore.md": [("sched1", "scp backup.password sched2:")],
    "docs/lost-ca.md": scheduler + [("sched1", "rm -r /etc/agentd-scheduler")],
  ]
  private static let scheduler = [
    ("sched1", "scheduler-register CREATE ROOT CA /STOREKEY /MAKEDEFAULT"),
    ("sched1", "scheduler-register CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT"),
    (
      "sched1",
      "scheduler-register CREATE AGENT LISTENER CERT /AGENTNAME=agent01 /FILENAME=agent01.pem /NOPASSWORD /PEM /CHAIN"
    ),
    ("sched1", "scp agent01.pem agent01:"), ("agent01", "useradd --create-home batch"),
    ("agent01", "jams-register -I agent01.pem"),
    ("agent01", "jams-register -L -t $(openssl x509 -in agent01.pem -noout -fingerprint -sha256 | cut -d= -f2)"),
    ("agent01", "systemctl enable --now agentd"),
    ("sched1", "scheduler-register ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=agent01 /PLATFORM=Linux"),
    ("sched1", "agentctl run agent01 --user batch -- /usr/bin/id -un"),
  ]

  /// The command lines that are not run here, without comments, and what covers them instead.
  static let exempt = [
    "make demo": "it builds for release; .ci/run runs it",
    "make test": "it runs this test",
    "make deb": "it builds for release; .ci/run runs it",
    "apt install ./.build/deb/agentd_*.deb": "scripts/check-deb installs the packages in a fresh Debian",
    "make build":
      "it builds for release; the hosts here have the build under test, and check_install of .ci/run the release",
  ]
  /// The command lines that stay in the foreground until somebody stops them.
  static let foreground: Set = [
    "jams-agentd -F", "agentctl console", "agentctl console --read-only --socket /root/console.sock",
  ]
  static let password = "correct horse battery staple"

  @Test func exemptionsAreNeeded() throws {
    let printed = Set(try Self.documents.joined().flatMap { try PrintedCommand.all(in: $0) }.map(\.withoutRemark))
    #expect(printed.count > 20)
    #expect(Set(Self.exempt.keys).subtracting(printed) == [], "exempt, and in no document")
    #expect(Self.foreground.subtracting(printed) == [], "in no document")
  }

  @Test(arguments: documents) func everyLineIsRun(documents: [String]) async throws {
    let commands = try documents.flatMap { document in
      let before = (Self.before[document] ?? []).map { host, text in
        PrintedCommand(host: host, text: text, shown: ["..."], place: "before \(document)")
      }
      return try before + PrintedCommand.all(in: document)
    }.filter { Self.exempt[$0.withoutRemark] == nil }
    // Without a name before the prompt, the command runs in the repository, on any machine.
    let names = commands.map(\.host).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let hosts = try await SeparateHosts(
      names.map { $0.isEmpty ? "build" : $0 }, aliases: ["sched1": "scheduler"], try await InstalledSystem())
    var shells: [String: HostShell] = [:]
    var busy: [HostShell] = []
    var text = PrintedText()
    for command in commands {
      let host = command.host.isEmpty ? "build" : command.host
      let shell: HostShell
      if let open = shells[host] { shell = open } else { shell = try await self.shell(at: hosts[host]) }
      shells[host] = shell
      let isOver = try await run(command, shell, &text)
      guard !isOver else { continue }
      // A command in the foreground keeps its terminal, and the person opens another.
      busy.append(shell)
      shells[host] = nil
    }
  }

  /// - Returns: whether it has ended.
  private func run(_ command: PrintedCommand, _ shell: HostShell, _ text: inout PrintedText) async throws -> Bool {
    let staysOpen = Self.foreground.contains(command.withoutRemark)
    let answers = [
      "Private key password: ": Self.password, "The same password again: ": Self.password,
      "Enrolment code: ": text.lastCode ?? "",
    ]
    let known = text
    let result = try await shell.type(try text.command(command.text), answers: answers) { lines in
      var attempt = known
      return try staysOpen && attempt.take(lines, for: command.shown)
    }
    #expect(result.status ?? 0 == 0, "\(command)\n\(result.lines.joined(separator: "\n"))")
    let fits = try text.take(result.lines, for: command.shown)
    #expect(fits, "\(command)\nshows:\n\(result.lines.joined(separator: "\n"))")
    return result.status != nil
  }

  private func shell(at host: SeparateHosts.Host) async throws -> HostShell {
    guard host.name == "build" else { return try await HostShell(host) }
    return try await HostShell(
      host, directory: BuiltProduct.packageFolder, variables: ["MAKEFLAGS": try InstalledSystem.makeVariables()])
  }
}
