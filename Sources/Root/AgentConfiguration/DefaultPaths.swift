import AgentProtocol
import Glibc
import SystemCalls
import Wording

/// The default paths: those of a system service for root, those of the XDG Base Directory Specification for a user.
struct DefaultPaths {
  private let configurationFolder: String
  private let state: String
  private let runtime: String
  private let logFile: String

  init(environment: [String: String], isRoot: Bool) {
    if isRoot {
      (configurationFolder, state, runtime) = ("/etc/agentd", "/var/lib/agentd", "/run/agentd")
      logFile = "/var/log/agentd.log"
      return
    }
    let home = Self.home(environment)
    // The specification requires that a value that is not absolute is ignored.
    func base(_ name: String) -> String? { environment[name].flatMap { $0.begins(with: "/") ? $0 : nil } }
    configurationFolder = "\(base("XDG_CONFIG_HOME") ?? "\(home)/.config")/agentd"
    state = "\(base("XDG_STATE_HOME") ?? "\(home)/.local/state")/agentd"
    runtime = base("XDG_RUNTIME_DIR").map { "\($0)/agentd" } ?? "\(state)/run"
    logFile = "\(state)/agentd.log"
  }

  var configurationFile: String { "\(configurationFolder)/agentd.toml" }

  var configuration: AgentConfiguration {
    AgentConfiguration(
      file: nil,
      paths: .init(
        store: "\(configurationFolder)/store", listener: "\(configurationFolder)/listener.toml", state: state,
        runtime: runtime),
      process: .init(listenerUser: "agentd", logLevel: .info, logFile: logFile, agentName: Self.hostName()),
      tls: .init(crlExpired: .warn, crlRefresh: 300),
      limits: .init(),
      jobs: .init(maxRunning: 64, maxQueued: 10_000, defaultUser: "nobody", outputLimit: 1 << 30))
  }

  private static func home(_ environment: [String: String]) -> String {
    if let home = environment["HOME"], home.begins(with: "/") { return home }
    return getpwuid(geteuid()).map { String(cString: $0.pointee.pw_dir) } ?? "/"
  }

  private static func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    // One less than the size, so that a truncated name is still terminated.
    guard gethostname(&buffer, buffer.count - 1) == 0, buffer[0] != 0 else { return "localhost" }
    return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}
