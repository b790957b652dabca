import AgentClient
import ArgumentParser
import ConsoleService
import Glibc
import SystemCalls

/// Serves the console.
struct ConsoleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "console", abstract: "Show agents and jobs in a browser.",
    usage: "agentctl console [options]",
    discussion: """
      Prints a link that works once, for ten minutes. Enter prints another one, Ctrl-C ends the console.
      For a browser elsewhere: ssh -L 8000:127.0.0.1:PORT HOST, and the port 8000 in the link.
      """)

  @OptionGroup var identity: IdentityOptions
  @Option(help: ArgumentHelp("The port on 127.0.0.1 (default: any free one).", valueName: "port")) var port: Int?
  @Option(help: ArgumentHelp("Serve on a unix socket instead.", valueName: "path")) var socket: String?
  @Flag(help: "Change nothing: no cancel, disable or enable.") var readOnly = false

  func validate() throws {
    if identity.cert != nil {
      throw ValidationError("the console is for the scheduler's agents, so it cannot be combined with --cert")
    }
    if let port, !(1...65535).contains(port) { throw ValidationError("--port: 1 to 65535") }
    if port != nil, socket != nil { throw ValidationError("--port cannot be combined with --socket") }
    // As long as sun_path in unix(7).
    if let socket, !(1..<108).contains(socket.utf8.count) {
      throw ValidationError("--socket: a path of 1 to 107 bytes")
    }
  }

  func run() async throws {
    DescriptorLimit.raise()
    // A socket is for its user alone.
    umask(0o077)
    // In the background nothing is typed.
    signal(SIGTTIN, SIG_IGN)
    let gate = ConsoleGate()
    try await told {
      let service = try unusable { try ConsoleService(identity.registry, gate: gate, isReadOnly: readOnly) }
      let interruption = Interruption({ end($0) }, again: {})
      defer { interruption.end() }
      do { try await service.serve(at: place) { announce(gate, $0) } } catch let error as ConsolePlaceError {
        throw AgentError.unusable("\(error)")
      }
    }
  }

  /// Ends the program: nothing is kept that would have to be saved.
  private func end(_ signal: Int32) {
    if case .socket(let path) = place { unlink(path) }
    _exit(128 + signal)
  }

  private var place: ConsolePlace { socket.map { .socket(Path.absolute($0)) } ?? .port(port ?? 0) }

  /// Prints a link, and another one for every line that is typed.
  private func announce(_ gate: ConsoleGate, _ port: Int?) {
    if case .socket(let path) = place { complain("for a browser: ssh -L 8000:\(path) THIS-HOST") }
    let base = port.map { "http://127.0.0.1:\($0)" } ?? "http://localhost:8000"
    let show: @Sendable () -> Void = { try? printLine(base + gate.newLink()) }
    show()
    try? DetachedThread.start { while readLine() != nil { show() } }
  }
}
