import Glibc
import SystemCalls
import TestSupport
import Testing

/// The password is asked for on the terminal and not shown, and the terminal is restored afterwards.
struct PasswordPromptTests {
  private let host: ScratchHost

  init() throws {
    host = try ScratchHost(calledAs: "jams-register")
    try host.folder.write("agentcert.pem", try BundleFiles().article(), mode: 0o600)
  }

  private func ask(_ arguments: String..., redirection: String = "") throws -> Terminal {
    try Terminal(
      [host.programPath] + arguments, environment: host.environment, directory: host.folder.path,
      redirection: redirection)
  }

  @Test func theRightPasswordImports() async throws {
    let terminal = try ask("-I", "agentcert.pem", "-q")
    try await terminal.see("Private key password: ")
    #expect(!terminal.echoes)
    try terminal.type("secret\n")
    #expect(try await terminal.end() == .exited(0))
    try await terminal.see("imported agentcert.pem")
    #expect(terminal.text.hasPrefix("Private key password: \n"))
    #expect(!terminal.text.contains("secret"))
    #expect(terminal.echoes)
    #expect(try host.stored("keys").count == 1)
  }

  @Test func theWrongPasswordIsRefused() async throws {
    let terminal = try ask("-I", "agentcert.pem", "-q")
    try await terminal.see("Private key password: ")
    try terminal.type("wrong\n")
    #expect(try await terminal.end() == .exited(65))
    try await terminal.see(
      "jams-register: agentcert.pem: wrong password; check it and try again\n")
    #expect(terminal.echoes)
    #expect(try host.image().files.isEmpty)
  }

  @Test func anEmptyLineIsAnEmptyPassword() async throws {
    let terminal = try ask("-I", "agentcert.pem", "-q")
    try await terminal.see("Private key password: ")
    try terminal.type("\n")
    #expect(try await terminal.end() == .exited(65))
  }

  @Test(arguments: [(SIGINT, "\u{3}"), (SIGQUIT, "\u{1C}"), (SIGTERM, ""), (SIGHUP, "")])
  func aSignalEndsItWithTheEchoBack(signal: Int32, key: String) async throws {
    let terminal = try ask("-I", "agentcert.pem", "-q")
    try await terminal.see("Private key password: ")
    try await wait(for: "the echo to be off") { !terminal.echoes }
    if key.isEmpty { try terminal.handle.send(signal) } else { try terminal.type("sec\(key)") }
    #expect(try await terminal.end() == .signalled(signal))
    #expect(terminal.echoes)
    #expect(try host.image().files.isEmpty)
  }

  /// If nobody could continue the process, as here without a job-control shell, the kernel does not stop it.
  @Test func afterAStopTheQuestionIsAskedAnew() async throws {
    let terminal = try ask("-I", "agentcert.pem", "-q")
    try await terminal.see("Private key password: ")
    try terminal.type("wrong\u{1A}")
    try await terminal.see("Private key password: \nPrivate key password: ")
    #expect(!terminal.echoes)
    try terminal.type("secret\n")
    #expect(try await terminal.end() == .exited(0))
    #expect(terminal.echoes)
  }

  @Test func theQuestionReachesTheTerminalThoughInputComesFromAFile() async throws {
    let terminal = try ask("-I", "-", "-q", redirection: "<agentcert.pem")
    try await terminal.see("Private key password: ")
    try terminal.type("secret\n")
    #expect(try await terminal.end() == .exited(0))
    try await terminal.see("imported standard input")
  }

  @Test func aKeyWithoutPasswordIsNotAskedFor() async throws {
    try host.folder.write("plain.pem", try BundleFiles().bytes(BundleFiles().listener.bundlePath), mode: 0o600)
    let terminal = try ask("-I", "plain.pem", "-q")
    #expect(try await terminal.end() == .exited(0))
    try await terminal.see("imported plain.pem")
    #expect(!terminal.text.contains("password:"))
  }

  @Test func aPasswordLongerThanAnyIsRefused() async throws {
    let terminal = try ask("-I", "agentcert.pem", "-q")
    try await terminal.see("Private key password: ")
    try terminal.type(String(repeating: "x", count: 1025) + "\n")
    #expect(try await terminal.end() == .exited(74))
    #expect(terminal.echoes)
  }

  @Test func withoutATerminalItSaysWhatToDo() async throws {
    var program = Program(
      host.programPath, arguments: [host.programPath, "-I", "agentcert.pem", "-q"],
      descriptors: [nil, nil, try FileDescriptor.open(host.folder.path("errors"), O_WRONLY | O_CREAT, mode: 0o600)])
    program.newSession = true
    program.directory = host.folder.path
    program.environment = host.environment.map { "\($0.key)=\($0.value)" }
    let process = try program.start()
    let status: Int32 = try await wait(for: "its end") {
      var status: Int32 = 0
      return waitpid(process.processID, &status, WNOHANG) == 0 ? nil : status
    }
    #expect(status >> 8 == 66)
    #expect(
      try host.folder.read("errors")
        == "jams-register: there is no terminal to ask for the password; give it with -P FILE\n")
  }
}
