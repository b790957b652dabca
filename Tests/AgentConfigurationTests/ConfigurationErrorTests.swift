import Glibc
import TestSupport
import Testing

@testable import AgentConfiguration

/// Every error in agentd.toml or listener.toml names the file, the line, and what was meant or is allowed.
struct ConfigurationErrorTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let text: String
    let line: Int?
    let message: String
    var testDescription: String { String(text.prefix(200)).debugDescription }

    init(_ text: String, _ line: Int?, _ message: String) {
      (self.text, self.line, self.message) = (text, line, message)
    }
  }

  @Test(arguments: [
    Row("[jobs]\nmax_runing = 3\n", 2, "unknown key \"max_runing\" in [jobs]; did you mean \"max_running\"?"),
    Row("[jobs]\nmax_running = 3\n\n# x\n [jbos]\n", 5, "unknown key \"jbos\"; did you mean \"jobs\"?"),
    Row("colour = 1\n", 1, "unknown key \"colour\"; known are paths, process, tls, limits, jobs, client"),
    Row(
      "[paths]\nstore = \"a\"\nlistner = \"b\"\n", 3, "unknown key \"listner\" in [paths]; did you mean \"listener\"?"),
    Row("paths.stor = \"a\"\n", 1, "unknown key \"stor\" in [paths]; did you mean \"store\"?"),
    Row("\n\npaths = { stor = \"a\" }\n", 3, "unknown key \"stor\" in [paths]; did you mean \"store\"?"),
    // Of several errors, the first in the file is reported, regardless of alphabetical order.
    Row("zzz = 1\naaa = 2\n", 1, "unknown key \"zzz\"; known are paths, process, tls, limits, jobs, client"),
    // Lines within strings and arrays are not part of the document's structure.
    Row(
      "[paths]\nstore = \"\"\"\n[jobs]\nmax_runing = 1\n\"\"\"\n[process]\nlog_levle = \"info\"\n", 7,
      "unknown key \"log_levle\" in [process]; did you mean \"log_level\"?"),
    Row("[paths]\nstore = '#[x]'\n\"stat\" = 1\n", 3, "unknown key \"stat\" in [paths]; did you mean \"state\"?"),
    Row("[[jobs]]\nmax_running = 1\n", 1, "jobs must be a table, not an array"),
    Row("[jobs]\numask = \"\u{8C}\"\n", 2, "umask must be octal digits, for example \"022\", not \"\\u{008C}\""),
    Row("jobs = 7\n", 1, "jobs must be a table, not an integer"),
    Row("[jobs]\nmax_running = \"3\"\n", 2, "max_running must be a whole number, not a string"),
    Row("[jobs]\nmax_running = 3.0\n", 2, "max_running must be a whole number, not a floating-point number"),
    Row("[jobs]\nmax_running = true\n", 2, "max_running must be a whole number, not a boolean"),
    Row("[jobs]\nmax_running = 0\n", 2, "max_running must be from 1 to 10000, not 0"),
    Row("[jobs]\nmax_running = 10001\n", 2, "max_running must be from 1 to 10000, not 10001"),
    Row("[jobs]\numask = \"888\"\n", 2, "umask must be octal digits, for example \"022\", not \"888\""),
    Row("[jobs]\numask = 22\n", 2, "umask must be a string, not an integer"),
    Row("[jobs]\nleave_processes = 1\n", 2, "leave_processes must be true or false, not an integer"),
    Row("[jobs]\nlogin_shell_required = 1\n", 2, "login_shell_required must be true or false, not an integer"),
    Row("[jobs]\ninput_limit = 786433\n", 2, "input_limit must be from 0 to 786432, not 786433"),
    Row("[jobs.limits]\nnofiles = 1\n", 2, "unknown key \"nofiles\" in [jobs.limits]; did you mean \"nofile\"?"),
    Row(
      "[jobs.limits]\nnofile = \"2:1\"\n", 2,
      "nofile must be a whole number, \"unlimited\", or \"SOFT:HARD\" with SOFT not above HARD, not \"2:1\""),
    Row("[jobs.limits]\ncore = true\n", 2, "core must be a whole number or a string, not a boolean"),
    Row("[jobs]\ncgroup = \"agentd\"\n", 2, "cgroup must be \"auto\", \"off\" or an absolute path, not \"agentd\""),
    Row("[jobs]\noutput_limit = -1\n", 2, "output_limit must be from 0 to \(Int.max), not -1"),
    Row("[jobs]\nkeep_days = 36501\n", 2, "keep_days must be from 0 to 36500, not 36501"),
    Row("[jobs]\nkeep_count = -1\n", 2, "keep_count must be from 0 to \(Int.max), not -1"),
    Row("[jobs]\ndisk_floor = \"1G\"\n", 2, "disk_floor must be a whole number, not a string"),
    Row("[jobs.pools]\na = 1\n", 2, "a must be a table, not an integer"),
    Row(
      "[jobs.pools.\"a b\"]\nmax_running = 1\n", 1,
      "a pool's name has 1 to 64 letters, digits, dots, hyphens or underscores, not \"a b\""),
    Row("[jobs.pools.a]\n", 1, "pool a needs max_running, the maximum number of its jobs that run at once"),
    Row("[jobs.pools.a]\nmax_running = 0\n", 2, "max_running must be from 1 to 10000, not 0"),
    Row(
      "[jobs.pools.a]\nmax_queued = 1\n", 2, "unknown key \"max_queued\" in [jobs.pools.a]; known are max_running"),
    Row("[jobs]\nmax_queued = -1\n", 2, "max_queued must be from 0 to 1000000, not -1"),
    Row("[jobs]\nmax_queued = 1_000_001\n", 2, "max_queued must be from 0 to 1000000, not 1000001"),
    Row("[jobs]\ndefault_user = \"\"\n", 2, "default_user must be the name of a user, not \"\""),
    Row("[jobs]\ndefault_user = \"a:b\"\n", 2, "default_user must be the name of a user, not \"a:b\""),
    Row("[process]\nlistener_user = 7\n", 2, "listener_user must be a string, not an integer"),
    Row("[process]\nsigner_user = \"a:b\"\n", 2, "signer_user must be the name of a user, not \"a:b\""),
    Row(
      "[process]\nlog_level = \"inof\"\n", 2,
      "log_level must be one of trace, debug, info, notice, warning, error, critical, not \"inof\"; did you mean \"info\"?"
    ),
    Row(
      "[process]\nagent_name = \"a b\"\n", 2,
      "agent_name must be 1 to 253 letters, digits, dots, hyphens or underscores, not \"a b\""),
    Row(
      "[tls]\ncrl_expired = \"wran\"\n", 2,
      "crl_expired must be one of refuse, warn, not \"wran\"; did you mean \"warn\"?"),
    Row("[tls]\ncrl_expired = false\n", 2, "crl_expired must be a string, not a boolean"),
    Row("[limits]\nconnections = 0\n", 2, "connections must be from 1 to 1000000, not 0"),
    Row("[limits]\nconections = 1\n", 2, "unknown key \"conections\" in [limits]; did you mean \"connections\"?"),
    Row(
      "[limits]\nhandshake_timeout = 601\n", 2,
      "handshake_timeout must be from 1 to 600 seconds, or a time such as \"10s\" or \"5m\", not \"601\""),
    Row(
      "[limits]\nidle_timeout = \"2d\"\n", 2,
      "idle_timeout must be from 1 to 86400 seconds, or a time such as \"10s\" or \"5m\", not \"2d\""),
    Row(
      "[limits]\nidle_timeout = \"1.5s\"\n", 2,
      "idle_timeout must be from 1 to 86400 seconds, or a time such as \"10s\" or \"5m\", not \"1.5s\""),
    Row("[limits]\nunauthenticated = 7\n", 2, "unauthenticated must be a string, not an integer"),
    earlyDrop("10"), earlyDrop("10:30"), earlyDrop("10:30:100:"), earlyDrop("0:30:100"), earlyDrop("10:0:100"),
    earlyDrop("10:101:100"), earlyDrop("101:30:100"), earlyDrop("10:30:100001"), earlyDrop(" 10:30:100"),
    earlyDrop("+1:30:100"), earlyDrop("1:30:99999999999999999999"),
    Row("[paths]\nstore = \"\"\n", 2, "store must be a path, not an empty string"),
    Row("[paths]\nstore = [\"a\"]\n", 2, "store must be a string, not an array"),
  ])
  func agentConfiguration(row: Row) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", row.text)
    let expected = ConfigurationError(file: file, line: row.line, row.message)
    #expect(throws: expected) { try AgentConfiguration.load(file: file, environment: [:], isRoot: false) }
  }

  @Test func theErrorReadsAsEditorsWantIt() {
    let error = ConfigurationError(file: "/etc/agentd/agentd.toml", line: 7, "unknown key \"x\"")
    #expect(error.description == "/etc/agentd/agentd.toml:7: unknown key \"x\"")
  }

  @Test(arguments: [
    ("[jobs\nmax_running = 1\n", 1, 6), ("[jobs]\nmax_running = \n", 2, 15), ("a = 1\na = 2\n", 2, 1),
    ("[jobs]\n\n\"", 3, 1),
    ("[jobs]\nmax_running = 99999999999999999999\n", 2, 15), ("[a]\n[a]\n", 2, 1),
    ("[paths]\nstore = \"a\\u0000b\"\n", 2, 11), ("a = 3979-05-27T:7:3U\n", 1, 5),
  ])
  func brokenSyntaxIsReportedWithItsPlace(text: String, line: Int, column: Int) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", text)
    let error = #expect(throws: ConfigurationError.self) {
      try AgentConfiguration.load(file: file, environment: [:], isRoot: false)
    }
    #expect(error?.description.hasPrefix("\(file):\(line):\(column): ") == true, "\(error?.description ?? "")")
  }

  @Test func aLargeFileIsNotRead() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", [UInt8](repeating: 0x0a, count: TOMLDocument.limit + 1))
    let error = #expect(throws: ConfigurationError.self) {
      try AgentConfiguration.load(file: file, environment: [:], isRoot: false)
    }
    #expect(error?.message == "larger than 262144 bytes; a configuration file is smaller")
  }

  @Test func aFolderOrAFIFOIsNoConfiguration() throws {
    let folder = try TemporaryFolder()
    mkfifo(folder.path("fifo"), 0o600)
    for path in [folder.path, folder.path("fifo")] {
      let expected = ConfigurationError(file: path, "not a regular file")
      #expect(throws: expected) { try AgentConfiguration.load(file: path, environment: [:], isRoot: false) }
    }
  }

  @Test(arguments: [
    Row(
      "certificate = \"12\"\n", 1,
      "certificate must be a SHA-256 thumbprint, 64 hex digits, not \"12\"; set it with: "
        + "agent-register -L -t THUMBPRINT"),
    Row("methods = [\"tls\", \"none\"]\n", 1, "methods must be [\"tls\"]: there is no other authentication method"),
    Row("methods = []\n", 1, "methods must be [\"tls\"]: there is no other authentication method"),
    Row("methods = \"tls\"\n", 1, "methods must be an array of strings, not a string"),
    Row("port = 5773\naddresses = [7]\n", 2, "addresses must be an array of strings, not an integer"),
    Row("addresses = []\n", 1, "at least one address is needed to listen on"),
    Row("addresses = [\"::\", \"::\"]\n", 1, "an address is listed twice"),
    Row("addresses = [\"localhost\"]\n", 1, "\"localhost\" is not an IPv4 or IPv6 address, for example 0.0.0.0 or ::"),
    Row("addresses = [\"1.2.3\"]\n", 1, "\"1.2.3\" is not an IPv4 or IPv6 address, for example 0.0.0.0 or ::"),
    Row("port = 0\n", 1, "port must be from 1 to 65535, not 0"),
    Row("port = 65536\n", 1, "port must be from 1 to 65535, not 65536"),
    Row("prot = 1\n", 1, "unknown key \"prot\"; did you mean \"port\"?"),
  ])
  func listenerConfiguration(row: Row) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("listener.toml", row.text)
    let expected = ConfigurationError(file: file, line: row.line, row.message)
    #expect(throws: expected) { try ListenerConfiguration.load(file, isRoot: false) }
  }

  private static func earlyDrop(_ text: String) -> Row {
    Row(
      "[limits]\nunauthenticated = \"\(text)\"\n", 2,
      "unauthenticated must be \"START:RATE:FULL\", for example \"500:30:1000\", with START from 1 to FULL, RATE from 1 to 100 and FULL to 100000, not \"\(text)\""
    )
  }
}
