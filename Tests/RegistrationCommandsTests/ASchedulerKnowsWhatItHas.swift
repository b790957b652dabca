// Goal: whoever runs a scheduler sees what was issued, when, for whom and until when, can choose other defaults and remove what is not used,
// and a program reads the same as JSON. What is still needed is not removed by mistake.
import FoundationEssentials
import SystemCalls
import TestSupport
import Testing

@Suite struct ASchedulerKnowsWhatItHas {
  private struct Entry: Decodable {
    let subject: String
    let role: String?
    let thumbprint_sha1: String
    let not_after: String
    let issued_at: String?
    let requested_by: String?
    let revoked_at: String?
    let `default`: Bool
    let can_issue: Bool?
  }

  private static func entries(_ scheduler: ScratchScheduler, _ command: String) async throws -> [Entry] {
    try JSONDecoder().decode([Entry].self, from: Data(try await scheduler.succeed(command).utf8))
  }

  @Test func whatWasIssuedIsListed() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let issue = "CREATE AGENT LISTENER CERT /NOPASSWORD /PEM"
    let issued = try await scheduler.succeed("\(issue) /AGENTNAME=a /FILENAME=a.pem /DAYS=10")
    try await scheduler.succeed("\(issue) /AGENTNAME=b /FILENAME=b.pem /DAYS=400")
    let thumbprint = try #require(issued.thumbprint(after: "thumbprint"))
    try await scheduler.succeed("REVOKE CERT /THUMBPRINT=\(thumbprint)")

    let user = try await run("id", "-un").outputText.split(separator: "\n")[0]
    let lines = try await scheduler.succeed("list cert").split(separator: "\n").map(String.init)
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("THUMBPRINT  SUBJECT "))
    #expect(lines[1].contains("Executor Connector") && lines[1].hasSuffix("in force, default"))
    #expect(lines[2].hasPrefix("\(thumbprint.prefix(8))    CN=a ") && lines[2].contains("revoked 20"))
    #expect(lines[2].contains(" \(user) ") || ProcessInfo.loginIsOther, "\(lines[2])")

    let all = try await Self.entries(scheduler, "LIST CERT /JSON")
    #expect(all.map(\.role) == ["connector", "listener", "listener"])
    #expect(all.map(\.default) == [true, false, false])
    #expect(all[1].revoked_at != nil && all[2].revoked_at == nil)
    #expect(all.allSatisfy { $0.issued_at != nil && $0.requested_by != nil })
    #expect(try await Self.entries(scheduler, "LIST CERT /JSON /AGENTNAME=B").map(\.subject) == ["CN=b"])
    #expect(try await Self.entries(scheduler, "LIST CERT /JSON /EXPIRES=30d").map(\.subject) == ["CN=a"])
    #expect(try await scheduler.succeed("LIST CERT /AGENTNAME=c").contains("there is no such certificate"))
  }

  @Test func defaultsAreSet() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let root = try await scheduler.succeed("CREATE ROOT CA /STOREKEY /NAME=Next")
    let connector = try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT /NAME=Other")
    let (nextRoot, other) = (
      try #require(root.thumbprint(after: "thumbprint")), try #require(connector.thumbprint(after: "thumbprint"))
    )
    #expect(try await Self.entries(scheduler, "LIST ROOT CA /JSON").filter(\.default).map(\.subject).first != "CN=Next")
    #expect(try await scheduler.succeed("SET DEFAULT ROOT CA /THUMBPRINT=\(nextRoot)").contains("Default root CA SET"))
    try await scheduler.succeed("SET DEFAULT EXEC CERT /THUMBPRINT=\(other)")
    let configuration = try await scheduler.succeed("LIST EXEC CONFIG")
    #expect(configuration.contains(nextRoot) && configuration.contains(other))
    #expect(try await Self.entries(scheduler, "LIST ROOT CA /JSON").filter(\.default).map(\.subject) == ["CN=Next"])
    // Issued by the new default, and only by it.
    try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    try await scheduler.succeed("CREATE AGENT LISTENER CERT /AGENTNAME=a /FILENAME=a.pem /NOPASSWORD /PEM")
    let verified = try await run(
      "openssl", "verify", "-CAfile", scheduler.folder.path("root.pem"), scheduler.folder.path("a.pem"))
    #expect(verified.end == .exited(0), "\(verified.errorText)")

    try await scheduler.succeed("REVOKE CERT /THUMBPRINT=\(other)")
    let refused = try await scheduler.register("SET DEFAULT EXEC CERT /THUMBPRINT=\(other)")
    #expect(refused.end == .exited(65) && refused.errorText.contains("was revoked on"), "\(refused.errorText)")
  }

  @Test func whatIsNotNeededIsRemoved() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let root = try await scheduler.succeed("CREATE ROOT CA /STOREKEY /NAME=Next")
    let next = try #require(root.thumbprint(after: "thumbprint"))
    let connector = try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT /NAME=Other")
    let other = try #require(connector.thumbprint(after: "thumbprint"))
    let first = try await Self.entries(scheduler, "LIST ROOT CA /JSON").first { $0.default }?.thumbprint_sha1 ?? ""
    let own = try await Self.entries(scheduler, "LIST CERT /JSON").first { $0.default }?.thumbprint_sha1 ?? ""
    let before = try scheduler.image()
    for (command, words) in [
      ("REMOVE ROOT CA /FORCE /THUMBPRINT=\(first)", "is the default root CA"),
      ("REMOVE EXEC CERT /THUMBPRINT=\(own)", "is the default; make another one that"),
      ("REMOVE ROOT CA /THUMBPRINT=1234567890", "no such root CA here"),
    ] {
      let refused = try await scheduler.register(command)
      #expect(refused.end == .exited(65) && refused.errorText.contains(words), "\(refused.errorText)")
    }
    #expect(try scheduler.image() == before)

    try await scheduler.succeed("SET DEFAULT ROOT CA /THUMBPRINT=\(next)")
    let needed = try await scheduler.register("REMOVE ROOT CA /THUMBPRINT=\(first)")
    #expect(needed.errorText.contains("2 certificates of it in force"), "\(needed.errorText)")
    #expect(try await scheduler.succeed("REMOVE EXEC CERT /THUMBPRINT=\(other)").contains("REMOVED"))
    try await scheduler.succeed("REMOVE ROOT CA /FORCE /THUMBPRINT=\(first)")
    #expect(try await Self.entries(scheduler, "LIST ROOT CA /JSON").map(\.subject) == ["CN=Next"])
    #expect(try await Self.entries(scheduler, "LIST CERT /JSON").map(\.subject).count == 1)
    let keys = try Folder.names(in: scheduler.folder.path("home/store/current/keys"))
    #expect(keys.count == 2, "the next root's and the default connector's: \(keys)")
  }

  @Test func everyListIsJSON() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await scheduler.succeed("CREATE ENROLMENT CODE /AGENTNAME=a")
    try await scheduler.succeed("EXPORT CONNECTORS /FILENAME=none.json")
    for command in SchedulerLists.all {
      let text = try await scheduler.succeed("\(command) /JSON")
      #expect(throws: Never.self, "\(command)") { try JSONDecoder().decode(Anything.self, from: Data(text.utf8)) }
    }
  }
}

/// The LIST commands that HELP knows.
private enum SchedulerLists {
  static let all = ["LIST ROOT CA", "LIST CERT", "LIST EXECUTOR CONNECTOR", "LIST EXEC CONFIG", "LIST ENROLMENT CODE"]
}

/// Any JSON text.
private struct Anything: Decodable { init(from decoder: any Decoder) throws {} }

private enum ProcessInfo {
  /// Whether somebody logged in as another user than this process runs as.
  static var loginIsOther: Bool {
    let text = (try? DurableFile.read("/proc/self/loginuid", limit: 32)).map { String(decoding: $0, as: UTF8.self) }
    return text.map { $0 != "4294967295" } ?? false
  }
}
