import AgentProtocol
import SystemCalls
import TestSupport
import Testing
import Values

@testable import AgentConfiguration

/// `[[client]]` tables are read in order; an error in one names the line of that table.
struct ClientTableTests {
  private let digits = String(repeating: "0a", count: 32)

  private func tables(_ text: String) throws -> [ClientTable] {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", text)
    return try AgentConfiguration.load(file: file, environment: [:], isRoot: false).clients
  }

  @Test func everyKeyIsTakenOver() throws {
    let tables = try tables(
      """
      # The first that is for a client rules.
      [[client]]
      certificate = "CN=nightly,O=Example"
      users = ["batch", "root"]
      allow_root = true
      groups = ["batch"]
      commands = ["/usr/bin/*", "/opt/jobs/run"]
      jobs = "all"
      read_only = true

      [[client]]
      certificate = "*"
      """)
    var first = ClientTable(
      line: 2, certificate: .subject(SubjectName("CN=nightly,O=Example")!, text: "CN=nightly,O=Example"))
    (first.users, first.allowRoot, first.groups) = (["batch", "root"], true, ["batch"])
    first.commands = [ProgramPattern("/usr/bin/*")!, ProgramPattern("/opt/jobs/run")!]
    (first.jobs, first.readOnly) = (.all, true)
    #expect(tables == [first, ClientTable(line: 11, certificate: .any)])
    #expect(tables[1].jobs == .own && tables[1].users == nil && !tables[1].allowRoot)
  }

  @Test func aPoolHasToBeThere() throws {
    let pools = "[jobs.pools.backup]\nmax_running = 2\n[[client]]\ncertificate = \"*\"\n"
    #expect(try tables(pools + "pool = \"backup\"\n")[0].pool == "backup")
    let error = #expect(throws: ConfigurationError.self) { try tables(pools + "pool = \"bakcup\"\n") }
    #expect(error?.line == 5)
    #expect(error?.message == "pool \"bakcup\" is not in [jobs.pools]; did you mean \"backup\"?")
  }

  @Test(arguments: [
    ("certificate = 7\n", 3, "certificate must be a string, not an integer"),
    ("users = [\"a\"]\n", 2, "certificate is missing: it says which client the table is for"),
    ("certificate = \"*\"\nuser = [\"a\"]\n", 4, "unknown key \"user\" in [[client]]; did you mean \"users\"?"),
    ("certificate = \"*\"\nusers = \"a\"\n", 4, "users must be an array of strings, not a string"),
    ("certificate = \"*\"\nusers = [\"a b\"]\n", 4, "users must hold names of users or groups, not \"a b\""),
    ("certificate = \"*\"\nusers = [\"root\"]\n", 4, "users names root, which also needs allow_root = true"),
    ("certificate = \"*\"\nread_only = 1\n", 4, "read_only must be true or false, not an integer"),
    ("certificate = \"*\"\njobs = \"ours\"\n", 4, "jobs must be one of own, all, not \"ours\""),
    (
      "certificate = \"*\"\ncommands = [\"sort\"]\n", 4,
      "commands must hold patterns of absolute paths without . and .., such as \"/usr/bin/*\", not \"sort\""
    ),
    (
      "certificate = \"*\"\ncommands = [\"/usr/../bin/sh\"]\n", 4,
      "commands must hold patterns of absolute paths without . and .., such as \"/usr/bin/*\", not \"/usr/../bin/sh\""
    ),
    (
      "certificate = \"5D0C72E1B5C5F7D92B1C6C6A0C0D4B5A8A1E2F33\"\n", 3,
      "certificate \"5D0C72E1B5C5F7D92B1C6C6A0C0D4B5A8A1E2F33\" has 40 hex digits; a SHA-256 thumbprint has 64: "
        + "see agent-register -V FILE"
    ),
    (
      "certificate = \"scheduler\"\n", 3,
      "certificate \"scheduler\" is not a SHA-256 thumbprint, a subject such as \"CN=scheduler,O=Example\", an alternative "
        + "name such as \"DNS:host\", \"email:user@host\" or \"URI:uri\", or \"*\""
    ),
  ])
  func whatIsWrongIsToldWithItsLine(text: String, line: Int, message: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", "\n[[client]]\n" + text)
    let expected = ConfigurationError(file: file, line: line, message)
    #expect(throws: expected) { try AgentConfiguration.load(file: file, environment: [:], isRoot: false) }
    let second = try folder.write(
      "second.toml", "[[client]]\ncertificate = \"*\"\nusers = [\"a\"]\nread_only = false\n\n[[client]]\n" + text)
    let moved = ConfigurationError(file: second, line: line + 4, message)
    #expect(throws: moved) { try AgentConfiguration.load(file: second, environment: [:], isRoot: false) }
  }

  @Test func moreTablesThanAllowedAreRefused() throws {
    let one = "[[client]]\ncertificate = \"*\"\n"
    #expect(try tables(String(repeating: one, count: 1000)).count == 1000)
    let error = #expect(throws: ConfigurationError.self) { try tables(String(repeating: one, count: 1001)) }
    #expect(error?.message == "at most 1000 tables [[client]] are allowed, not 1001")
  }

  @Test func tablesAreNoTable() throws {
    let error = #expect(throws: ConfigurationError.self) { try tables("[client]\ncertificate = \"*\"\n") }
    #expect(error?.message == "client must be tables [[client]], not a table")
  }

  @Test(arguments: [
    ("*", true), (String(repeating: "0a", count: 32), true), (String(repeating: "0A:", count: 32), true),
    ("\u{200e}" + String(repeating: "0a ", count: 32), true), (String(repeating: "0b", count: 32), false),
    ("CN=nightly,O=Example\\, Inc.", true), ("cn = nightly , o = Example\\2C Inc.", true), ("CN=nightly", false),
    ("O=Example\\, Inc.,CN=nightly", false), ("CN=Nightly,O=Example\\, Inc.", false),
    ("CN=nightly+O=Example\\, Inc.", false),
    ("DNS:a.example", true), ("dns:A.EXAMPLE", true), ("DNS:example", false), ("DNS:*.example", false),
    ("email:Ops@EXAMPLE.com", true), ("email:ops@example.com", false), ("URI:urn:x:1", true), ("URI:urn:x:11", false),
  ])
  func whomATableIsFor(pattern: String, isMeant: Bool) throws {
    let client = VerifiedClient(
      ClientIdentity(subject: "CN=nightly,O=Example\\, Inc.", thumbprint: Thumbprint(digits)!),
      names: [ClientName("DNS:a.example")!, ClientName("email:Ops@example.com")!, ClientName("URI:urn:x:1")!])
    #expect(try ClientPattern.read(pattern).get().matches(client) == isMeant)
  }

  /// Of several common names none is the client's: the whole subject counts.
  @Test(arguments: [
    ("CN=svc-jobs,CN=Users,DC=corp,DC=example", "CN=svc-jobs,CN=Users,DC=corp,DC=example", true),
    ("cn=svc-jobs, cn=Users, dc=corp, dc=example", "CN=svc-jobs,CN=Users,DC=corp,DC=example", true),
    ("CN=svc-jobs", "CN=svc-jobs,CN=Users,DC=corp,DC=example", false),
    ("CN=Users", "CN=svc-jobs,CN=Users,DC=corp,DC=example", false),
    ("CN=svc-jobs,DC=corp,DC=example", "CN=svc-jobs,CN=Users,DC=corp,DC=example", false),
    ("CN=Users,CN=svc-jobs,DC=corp,DC=example", "CN=svc-jobs,CN=Users,DC=corp,DC=example", false),
    ("CN=admin", "CN=admin,CN=client", false), ("CN=client", "CN=admin,CN=client", false),
    ("CN=admin", "CN=admin,CN=admin", false), ("CN=admin", "CN=admin+CN=client", false),
    ("CN=admin+CN=client", "CN=admin,CN=client", false), ("CN=admin,CN=client", "CN=admin+CN=client", false),
    ("CN=admin,CN=client", "CN=admin\\,CN\\=client", false), ("CN=admin\\,CN=client", "CN=admin,CN=client", false),
    ("CN=admin", "CN=admin", true),
  ])
  func aRuleMatchesTheWholeSubject(pattern: String, subject: String, isMeant: Bool) throws {
    let client = VerifiedClient(ClientIdentity(subject: subject, thumbprint: Thumbprint(digits)!), names: [])
    #expect(try ClientPattern.read(pattern).get().matches(client) == isMeant)
  }

  @Test(arguments: [
    "", "CN", "=x", "CN=a,", "CN=a,,O=b", "CN=\"a\"", "CN=a;O=b", "CN=a\\", "CN=a\\2", "C N=a", "CN=a\0",
  ])
  func whatIsNoSubject(text: String) { #expect(SubjectName(text) == nil) }

  @Test func aValueOfSpacesAndSignsKeepsThem() {
    #expect(SubjectName("CN=\\ a\\ ") != SubjectName("CN= a "))
    #expect(SubjectName("CN=\\20a\\20") == SubjectName("CN=\\ a\\ "))
    #expect(SubjectName("CN=#0401") != SubjectName("CN=\\#0401"))
    #expect(SubjectName("CN=a=b") == SubjectName("CN=a\\=b"))
  }

  @Test(arguments: [
    ("/usr/bin/*", "/usr/bin/sort", true), ("/usr/bin/*", "/usr/bin/a/b", false), ("/usr/bin/*", "/usr/bin/", false),
    ("/usr/bin/*", "/usr/bin/..", false), ("/usr/bin/*", "/usr/bin/../sbin/x", false),
    ("/usr/*/sort", "/usr/bin/sort", true), ("/usr/*/sort", "/usr/./sort", false), ("/usr/bin/*", "/usr/bin/.x", false),
    ("/usr/bin/sort", "sort", false), ("/usr/bin/sort", "//usr/bin/sort", false), ("/b?n/[st]*", "/bin/sh", true),
    ("/usr/bin/\\*", "/usr/bin/*", true), ("/usr/bin/\\*", "/usr/bin/sort", false),
  ])
  func whichProgramAPatternIsFor(pattern: String, path: String, isMeant: Bool) throws {
    #expect(try #require(ProgramPattern(pattern)).matches(path) == isMeant)
  }
}
