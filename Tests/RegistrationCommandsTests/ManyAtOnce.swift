// Goal: a file with the names of many agents gives each a code, or nobody; a file with the connectors makes another scheduler reach the
// same agents, and no other file does.
import SystemCalls
import TestSupport
import Testing

@Suite struct ManyAtOnce {
  @Test func eachAgentGetsItsCode() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try scheduler.folder.write(
      "names", "# the first rack\nweb1 web1.example.com,192.0.2.1\r\n\n  web2\t web2.example.com \nweb3", mode: 0o644)
    let lines = try await scheduler.succeed("CREATE ENROLMENT CODE /FILENAME=names").split(separator: "\n")
    let codes = lines.compactMap { $0.wholeMatch(of: #/(web\d)  ([0-9A-Z-]{23}\.[0-9a-f]{32})/#) }
    #expect(codes.map { String($0.1) } == ["web1", "web2", "web3"])
    #expect(Set(codes.map { String($0.2) }).count == 3)
    let listed = try await scheduler.succeed("LIST ENROLMENT CODE /JSON")
    for name in ["web1.example.com", "192.0.2.1", "web2.example.com"] { #expect(listed.contains("\"\(name)\"")) }
    // Again: the unused ones are replaced.
    try await scheduler.succeed("CREATE ENROLMENT CODE /FILENAME=names")
    #expect(try await scheduler.succeed("LIST ENROLMENT CODE").split(separator: "\n").count == 3)
  }

  @Test(arguments: [
    ("web1\na;b\n", 65, "names: line 2: a;b: expected a host name"),
    ("web1 x_y:\n", 65, "names: line 1: \"x_y:\" is neither a host name nor an address"),
    ("web1\nweb2\nWEB1\n", 65, "names: line 3: WEB1 is also in line 1"), ("# none\n\n", 65, "names no agent"),
    ((0...10000).map { "a\($0)" }.joined(separator: "\n"), 65, "at most 10000"),
  ])
  func aFileWithAMistakeGivesNone(_ text: String, _ status: Int32, _ words: String) async throws {
    let scheduler = try await ScratchScheduler.ready()
    try scheduler.folder.write("names", text, mode: 0o644)
    let before = try scheduler.image()
    let result = try await scheduler.register("CREATE ENROLMENT CODE /FILENAME=names")
    #expect(result.end == .exited(status) && result.errorText.contains(words), "\(result.errorText)")
    #expect(result.outputText.isEmpty)
    #expect(try scheduler.image() == before)
  }

  @Test func aStandbyReachesTheSameAgents() async throws {
    let first = try await ScratchScheduler.ready()
    let special = try await first.succeed("CREATE EXEC CONNECTOR CERT /STORECERT /NAME=Special")
    let thumbprint = try #require(special.thumbprint(after: "thumbprint"))
    let add = "ADD EXECUTOR CONNECTOR /USECERT /PLATFORM=Linux"
    for name in ["b", "a"] { try await first.succeed("\(add) /AGENTNAME=\(name) /ADDRESS=127.0.0.1:1") }
    try await first.succeed("\(add) /AGENTNAME=c /ADDRESS=[::1]:1 /THUMBPRINT=\(thumbprint)")
    try await first.succeed("EXPORT CONNECTORS /FILENAME=c.json")
    // The file of the last export may be replaced, another file may not.
    try await first.succeed("EXPORT CONNECTORS /FILENAME=c.json")
    #expect(try await first.register("EXPORT CONNECTORS /FILENAME=password").end == .exited(73))

    let second = try await ScratchScheduler.ready()
    for name in ["A", "old"] { try await second.succeed("\(add) /AGENTNAME=\(name) /ADDRESS=127.0.0.1:2") }
    let file = first.folder.path("c.json")
    let imported = try await second.register("IMPORT CONNECTORS /FILENAME=\(file)")
    #expect(imported.outputText.contains("added       2\n  changed     1"), "\(imported.outputText)")
    #expect(imported.errorText.contains("1 agent had a connector certificate that is not here"))
    #expect(
      try await second.succeed("LIST EXECUTOR CONNECTOR") == """
        a  127.0.0.1:1  Linux  enabled  default certificate
        b  127.0.0.1:1  Linux  enabled  default certificate
        c  [::1]:1  Linux  enabled  default certificate
        old  127.0.0.1:2  Linux  enabled  default certificate

        """)
    #expect(try await second.succeed("IMPORT CONNECTORS /MIRROR /FILENAME=\(file)").contains("removed     1"))
    #expect(!(try await second.succeed("LIST EXECUTOR CONNECTOR").contains("old")))
  }

  @Test(arguments: [
    ("[]", "is not what EXPORT CONNECTORS writes"), (#"{"agentd_connectors": 2, "connectors": []}"#, "newer"),
    (file(#""agent_name": "a;b""#), "the connector for \"a;b\" is not valid"),
    (file(#""agent_name": "a", \#(rest)}, {"agent_name": "A""#), "has two connectors for A"),
    (file(#""agent_name": "a""#).replacing("\"h\"", with: "\"h/x\""), "is not valid"),
  ])
  func anotherFileIsRefused(_ text: String, _ words: String) async throws {
    let scheduler = try await ScratchScheduler.ready()
    try scheduler.folder.write("c.json", text, mode: 0o644)
    let before = try scheduler.image()
    let result = try await scheduler.register("IMPORT CONNECTORS /FILENAME=c.json")
    #expect(result.end == .exited(65) && result.errorText.contains(words), "\(result.errorText)")
    #expect(try scheduler.image() == before)
    try scheduler.folder.write("good.json", Self.file(#""agent_name": "a""#), mode: 0o644)
    try await scheduler.succeed("IMPORT CONNECTORS /FILENAME=good.json")
  }

  private static let rest =
    #""host": "h", "port": 1, "platform": "Linux", "enabled": true, "added_at": "2026-01-01T00:00:00Z""#

  private static func file(_ name: String) -> String {
    #"{"agentd_connectors": 1, "connectors": [{\#(name), \#(rest)}]}"#
  }
}
