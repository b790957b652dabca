import AgentProtocol
import CertificateStore
import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// A start that fails says in one line what is wrong and in another how to fix it, and exits with the corresponding code.
struct StartFailures {
  struct Case: CustomTestStringConvertible, Sendable {
    let what: String
    var arguments: [String] = []
    let code: Int32
    let message: String
    var hint: String?
    /// Why the test needs root.
    var asRoot = false
    var prepare: @Sendable (ScratchHost) throws -> Void = { _ in }
    var testDescription: String { what }
  }

  private static func write(_ name: String, _ contents: String) -> @Sendable (ScratchHost) throws -> Void {
    { try $0.folder.write(name, contents) }
  }

  private static let cases: [Case] = [
    Case(what: "unknown option", arguments: ["--frobnicate"], code: EX_USAGE, message: "Unknown option '--frobnicate'"),
    Case(what: "unknown argument", arguments: ["x"], code: EX_USAGE, message: "Unexpected argument 'x'"),
    Case(
      what: "no configuration", code: EX_CONFIG, message: "agentd.toml: no such file",
      prepare: { unlink($0.folder.path("agentd.toml")) }),
    Case(
      what: "unknown key", code: EX_CONFIG, message: "agentd.toml:2: unknown key \"max_runing\"",
      prepare: write("agentd.toml", "[jobs]\nmax_runing = 3\n")),
    Case(
      what: "listener.toml with an unknown key", code: EX_CONFIG, message: "listener.toml:1: ",
      prepare: write("listener.toml", "sertificate = \"x\"\n")),
    Case(
      what: "empty store", code: EX_CONFIG, message: "store: the certificate store is empty", hint: "-I BUNDLE.pem",
      prepare: { TemporaryFolder.remove($0.folder.path("store")) }),
    Case(
      what: "no certificate chosen", code: EX_CONFIG, message: "listener.toml: no listener certificate is chosen",
      hint: "-L -t abababababababababababababababababababababababababababababababab",
      prepare: write("listener.toml", "port = 5773\n")),
    Case(
      what: "a certificate that is not there", code: EX_CONFIG,
      message:
        "the listener certificate eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee is not in the store",
      prepare: write("listener.toml", "certificate = \"\(String(repeating: "e", count: 64))\"\n")),
    Case(
      what: "no root", code: EX_CONFIG, message: "store: no root is trusted", hint: "-I ROOT.pem",
      prepare: { host in
        let root = Thumbprint(repeating: "cd")
        try CertificateStore(folder: host.folder.path("store")).update { $0.remove(.roots, root) }
      }),
    Case(
      what: "a key that others can read", code: EX_CONFIG, message: "a private key that others can read",
      prepare: { chmod($0.folder.path("store/current/keys/\($0.thumbprint).pem"), 0o644) }),
    Case(
      what: "a store that holds no certificates", code: EX_CONFIG, message: "no root CA is imported"),
    Case(
      what: "a state folder that is a file", code: EX_CANTCREAT, message: "state: Not a directory",
      prepare: write("state", "")),
    Case(
      what: "a state folder that others can write to", code: EX_CONFIG,
      message: "state: others can write to it (mode 777)",
      hint: "chmod 700",
      prepare: { host in
        try Folder.make(host.folder.path("state"), mode: 0o777)
      }),
    Case(
      what: "an unknown listener user", code: EX_CONFIG, message: "listener_user: there is no user nobody-at-all",
      hint: "useradd --system --no-create-home --shell /usr/sbin/nologin nobody-at-all", asRoot: true,
      prepare: { host in
        let text = try host.folder.read("agentd.toml").replacingListenerUser(with: "nobody-at-all")
        try host.folder.write("agentd.toml", text)
      }),
    Case(
      what: "root as the listener user", code: EX_CONFIG, message: "listener_user: root is root", asRoot: true,
      prepare: { host in
        let text = try host.folder.read("agentd.toml").replacingListenerUser(with: "root")
        try host.folder.write("agentd.toml", text)
      }),
    Case(
      what: "an unknown signer user", code: EX_CONFIG, message: "agentd: signer_user: there is no user nobody-at-all\n",
      hint: "useradd --system --no-create-home --shell /usr/sbin/nologin nobody-at-all", asRoot: true,
      prepare: { host in
        let text = try host.folder.read("agentd.toml").replacingListenerUser(
          with: "nobody\"\nsigner_user = \"nobody-at-all")
        try host.folder.write("agentd.toml", text)
      }),
    Case(
      what: "root as the signer user", code: EX_CONFIG, message: "signer_user: root is root", asRoot: true,
      prepare: { host in
        let text = try host.folder.read("agentd.toml").replacingListenerUser(with: "nobody\"\nsigner_user = \"root")
        try host.folder.write("agentd.toml", text)
      }),
    Case(
      what: "a log file in no folder", code: EX_CANTCREAT, message: "no/such/folder/log: No such file or directory",
      prepare: { host in
        let text = try host.folder.read("agentd.toml").replacingListenerUser(
          with: "nobody\"\nlog_file = \"no/such/folder/log")
        try host.folder.write("agentd.toml", text)
      }),
    Case(
      what: "a ledger that is none", code: EX_UNAVAILABLE, message: "ledger.sqlite",
      prepare: { host in
        try Folder.make(host.folder.path("state"), mode: 0o700)
        try host.folder.write("state/ledger.sqlite", String(repeating: "no database ", count: 1000), mode: 0o600)
      }),
  ]

  @Test(arguments: cases)
  func itSaysWhatAndWhy(failure: Case) async throws {
    try #require(!failure.asRoot || geteuid() == 0, "this case is root's: run the tests as root")
    let host = try ScratchHost()
    try failure.prepare(host)
    let arguments = failure.arguments.isEmpty ? ["-c", host.folder.path("agentd.toml")] : failure.arguments
    let process = try TestProcess([try BuiltProduct.path("agentd")] + arguments, environment: ["HOME": "/"])
    let result = try await process.end()
    #expect(result.end == .exited(failure.code), "\(result.errorText)")
    #expect(result.errorText.contains(failure.message), "\(result.errorText)")
    if let hint = failure.hint { #expect(result.errorText.contains(hint), "\(result.errorText)") }
    #expect(result.outputText.isEmpty)
  }

  @Test func aTakenPortIsNamed() async throws {
    let host = try ScratchHost()
    let lines = LogLines()
    let taken = try ListeningSocket(.init(address: "127.0.0.1", port: 0))
    let port = try #require(UInt16(taken.shown.split(separator: ":")[1]))
    #expect {
      try ListeningSocket.bindAll([.init(address: "127.0.0.1", port: port)], log: lines.log)
    } throws: { error in
      let failure = error as? StartFailure
      return failure?.exitCode == EX_UNAVAILABLE
        && failure?.message == "cannot listen on 127.0.0.1:\(port): Address already in use"
        && failure?.hint?.contains("ss -ltnp") == true
    }
    _ = host
  }

  @Test func helpAndVersionAreNoFailures() async throws {
    let agentd = try BuiltProduct.path("agentd")
    let version = try await run(agentd, "--version")
    #expect(version.end == .exited(0) && version.outputText == "agentd \(agentdVersion)\n")
    let help = try await run(agentd, "\u{2013}h")
    #expect(help.end == .exited(0) && help.outputText.contains("-F"))
  }
}

extension String {
  fileprivate func replacingListenerUser(with name: String) -> String {
    split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("listener_user") ? "listener_user = \"\(name)\"" : $0 }.joined(separator: "\n")
  }
}
