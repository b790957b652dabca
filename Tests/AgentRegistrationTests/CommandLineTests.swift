import Glibc
import SystemCalls
import TestSupport
import Testing

/// Unreadable files, options that cannot be combined, and other users' stores: the exit status and the message.
struct CommandLineTests {
  private let host: ScratchHost

  init() throws {
    host = try ScratchHost()
    mkfifo(host.folder.path("fifo"), 0o600)
    try host.folder.write("empty", "")
    try host.folder.write("long", String(repeating: "x", count: 1025))
    try host.folder.write("article.pem", try BundleFiles().article(), mode: 0o600)
  }

  @Test(
    arguments: [
      (["-I", "nowhere.pem"], 66, "nowhere.pem: No such file or directory"),
      (["-I", "."], 66, ".: is a folder; name a file in it"),
      (["-I", "fifo"], 66, "fifo: is not a regular file; use - to read standard input"),
      (["-I", "-"], 65, "standard input: is empty; export or copy it again"),
      (["-I", "-", "--remove-source"], 64, "--remove-source: standard input cannot be removed; name a file"),
      (["-I", "article.pem", "-P", "nowhere"], 66, "nowhere: No such file or directory"),
      (["-I", "article.pem", "-P", "."], 66, ".: is a folder; name a file in it"),
      (["-I", "article.pem", "-P", "empty"], 65, "empty: first line is empty; write the password there"),
      (["-I", "article.pem", "-P", "long"], 65, "long: first line is longer than 1024 bytes; a password is shorter"),
      (
        ["CREATE", "ROOT", "CA", "/STOREKEY"], 64,
        "CREATE: that is a command of scheduler-register: scheduler-register CREATE ROOT CA /STOREKEY"
      ),
      (
        ["list exec config"], 64,
        "list exec config: that is a command of scheduler-register: scheduler-register 'list exec config'"
      ),
      (
        ["import", "article.pem"], 64,
        "import: agent-register has options for that: agent-register -I FILE"
      ),
      (
        ["/REQCERT", "/SERVER=a"], 64,
        "/REQCERT is a switch of the command UPDATE AGENT LISTENER, which comes before it; see agent-register --help"
      ),
      (["-l", "-c", "nowhere.toml"], 78, "*/nowhere.toml: no such file"),
      (["-x", "00000000"], 65, "*/etc/store: empty; nothing to remove"),
      (["-E", "00000000"], 65, "thumbprint 00000000 is not in the store; list the store with: agent-register -l"),
      (["-V", "nowhere.pem"], 66, "nowhere.pem: No such file or directory"),
      (
        ["-V", "article.pem", "--at", "soon"], 64,
        "--at: \"soon\" is not a time such as 2026-12-31T23:59:59Z or 2026-12-31"
      ),
      (["-V", "--at", "soon"], 64, "--at: \"soon\" is not a time such as 2026-12-31T23:59:59Z or 2026-12-31"),
      (
        ["-V", "--at", "2001-01-01"], 64,
        "--at: 2001-01-01T00:00:00Z is in the past; to check one client for that time, name its file: -V FILE --at"
      ),
    ] as [([String], Int32, String)])
  func isRefused(arguments: [String], status: Int32, message: String) async throws {
    let result = try await host.start(arguments).end()
    #expect(result.end == .exited(status))
    #expect(matches(result.errorText, "agent-register: \(message)\n"), "\(result.errorText)")
    #expect(try host.image().files.isEmpty)
  }

  @Test(
    arguments: [
      ("UPDATE AGENT LISTENER /REQCERT\n", "UPDATE AGENT LISTENER needs /SERVER"),
      ("FORMAT DISK\n", "there is no command FORMAT DISK; there is UPDATE AGENT LISTENER"),
      (
        "update agent listener /reqcert\n  /SERVER=“<Enter the name>”\n",
        "/SERVER=<Enter the name> is a placeholder: replace it with the real value"
      ),
      // If one of several commands is wrong, none is executed.
      (
        "UPDATE AGENT LISTENER /REQCERT /SERVER=localhost:1 /CODEFILE=nowhere\nUPDATE AGENT\n",
        "there is no command UPDATE AGENT; there is UPDATE AGENT LISTENER"
      ),
      ("\n# nothing\n", "say what to do: -I, -R, -L, -l, -x, -E, -V with a file or --at, or --env-diff"),
    ])
  func isMisuseOnStandardInput(input: String, message: String) async throws {
    let result = try await host.register(input: Array(input.utf8))
    #expect(result.end == .exited(64))
    #expect(result.errorText == "agent-register: \(message); see agent-register --help\n")
    #expect(try host.image().files.isEmpty)
  }

  @Test func helpShowsTheDocumentationsCommand() async throws {
    let result = try await host.register("help")
    #expect(result.end == .exited(0))
    #expect(result.outputText.hasPrefix("UPDATE AGENT LISTENER /REQCERT /SERVER=HOST:PORT [/AGENTNAME=NAME]"))
  }

  @Test(
    arguments: [
      (["-z"], "Unknown option '-z'"),
      (["-i", "f"], "Unknown option '-i', did you mean -I?"),
      ([], "say what to do: -I, -R, -L, -l, -x, -E, -V with a file or --at, or --env-diff"),
      (["-V"], "Missing value for '-V <file>'"),
      (["-l", "--at", "2099-01-01"], "--at needs -V, not -l"),
      (["-t", "12345678"], "-t needs -L"),
      (["-s", "here"], "-s needs -R or -L"),
      (["-l", "-L"], "-L and -l cannot be combined"),
      (["-l", "-q"], "-q needs -I or -V, not -l"),
      (["-I", "f", "-q", "-P", "f"], "-q and -P: the password comes from the terminal or from a file, not from both"),
      (["-I", "f", "--force"], "--force needs -x, not -I"),
      (["-R"], "-R needs either -s SERVER, to ask that server, or -o FILE, to write the request"),
      (["-R", "-o", "f", "-P", "f"], "-P needs -s: it names the file with the enrolment code"),
      (["-l", "-s", "here"], "-s needs -R or -L, not -l"),
      (["--renew", "-R"], "-R and --renew cannot be combined"),
      (["UPDATE", "AGENT", "LISTENER", "/REQCERT"], "UPDATE AGENT LISTENER needs /SERVER"),
      (
        ["update", "agent", "listener", "/reqcert", "/server=<Enter the name of the JAMS Server>"],
        "/SERVER=<Enter the name of the JAMS Server> is a placeholder: replace it with the real value"
      ),
      (["-l", "-n", "AGENT01"], "-n needs -R, not -l"),
      (["-l", "stray"], "Unexpected argument 'stray'"),
      (["-L", "-p", "many"], "The value 'many' is invalid for '-p <n>'"),
    ] as [([String], String)])
  func isMisused(arguments: [String], message: String) async throws {
    let result = try await host.start(arguments).end()
    #expect(result.end == .exited(64))
    #expect(result.errorText == "agent-register: \(message); see agent-register --help\n")
  }

  @Test func theHelpNamesEveryOption() async throws {
    let text = try await host.register("-h").outputText
    for option in ["-I, --import", "-q, --query-password", "-P, --password-file", "--remove-source", "-L, --listener"] {
      #expect(text.contains(option))
    }
    #expect(try await host.register("--version").outputText.hasPrefix("agent-register "))
  }

  @Test func theConfigurationIsNamedInTheNextCommand() async throws {
    try host.folder.write("plain.pem", try BundleFiles().bytes(BundleFiles().listener.bundlePath), mode: 0o600)
    try Folder.make(host.folder.path("my files"), mode: 0o755)
    try host.folder.write("my files/agentd.toml", "[paths]\nstore = \"store\"\nlistener = \"listener.toml\"\n")
    let result = try await host.register("-I", "plain.pem", "-c", "my files/agentd.toml")
    #expect(result.end == .exited(0), "\(result.errorText)")
    #expect(result.outputText.contains("\n  agent-register -c 'my files/agentd.toml' -L -t "))
  }

  @Test(.enabled(if: geteuid() == 0, "being another user takes root, which CI is"))
  func anotherUserIsToldWhoToBe() async throws {
    try host.folder.write("plain.pem", try BundleFiles().bytes(BundleFiles().listener.bundlePath), mode: 0o644)
    #expect(try await host.register("-I", "plain.pem").end == .exited(0))
    let image = try host.image()
    chmod(host.folder.path, 0o755)
    // A place where everybody can execute it: the build folder may be accessible to root only.
    let program = host.folder.path("copy")
    try DurableFile.replace(
      program, with: try DurableFile.read(try BuiltProduct.path("agent-register"), limit: 1 << 28), mode: 0o755)
    let library = getenv("LD_LIBRARY_PATH").map { String(cString: $0) } ?? ""
    for command in [["-l"], ["-I", "plain.pem"], ["-x", "00000000"], ["-L"]] {
      let result = try await TestProcess(
        ["setpriv", "--reuid=nobody", "--clear-groups", program] + command,
        environment: host.environment.merging(["LD_LIBRARY_PATH": library]) { $1 }, directory: host.folder.path
      ).end()
      #expect(result.end == .exited(77))
      let store = host.folder.path("etc/store")
      #expect(result.errorText == "copy: \(store): belongs to user root; run this as that user\n")
    }
    #expect(try host.image() == image)
  }
}
