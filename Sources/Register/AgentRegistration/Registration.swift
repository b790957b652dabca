import AgentConfiguration
import AgentProtocol
import CertificateImport
import CertificateStore
import Glibc
import SystemCalls
import Values
import Wording

/// One invocation of agent-register: its paths, and how the program was called.
public struct Registration: Sendable {
  /// How the program was called.
  public struct Invocation: Sendable {
    /// The program's name as typed, without folders.
    public var program: String
    /// The file given with `-c`.
    public var configurationFile: String?
    /// Whether to answer in JSON.
    public var json: Bool

    public init(program: String, configurationFile: String? = nil, json: Bool = false) {
      self.program = program
      self.configurationFile = configurationFile
      self.json = json
    }
  }

  let configuration: AgentConfiguration
  let store: CertificateStore
  let invocation: Invocation
  let isRoot: Bool

  /// The version of the program.
  public static let version = agentdVersion

  /// Reads the agent's configuration.
  public init(_ invocation: Invocation, environment: [String: String]) throws {
    isRoot = geteuid() == 0
    configuration = try AgentConfiguration.load(
      file: invocation.configurationFile, environment: environment, isRoot: isRoot)
    store = CertificateStore(folder: configuration.paths.store)
    self.invocation = invocation
  }

  /// Returns the command line that calls this program with further arguments and the same configuration.
  func command(_ arguments: String) -> String {
    let configuration = invocation.configurationFile.map { " -c \(shellWord($0))" } ?? ""
    return "\(invocation.program)\(configuration) \(arguments)"
  }

  /// The command line that starts the agent with the same configuration.
  var agentCommand: String {
    if isRoot, !configuration.isFileNamed, let service = ServiceCommand.start() { return service }
    let program = invocation.program == "jams-register" ? "jams-agentd" : "agentd"
    return program + (invocation.configurationFile.map { " -c \(shellWord($0))" } ?? "")
  }

  func catalog() throws -> StoreCatalog { try StoreCatalog(try store.snapshot(), folder: store.folder) }

  /// Returns the listener's configuration; the default if the file is missing.
  func listenerConfiguration() throws(ConfigurationError) -> ListenerConfiguration {
    try ListenerConfiguration.load(configuration.paths.listener, isRoot: isRoot) ?? ListenerConfiguration()
  }

  /// The current time, in seconds since the epoch.
  var now: Int64 { Timestamp.now().seconds }

  /// A warning for each private key of the store with which agentd would not start, such as one that others can read; it names the remedy.
  var keyWarnings: [String] {
    get throws {
      func warning(_ open: () throws(StoreError) -> Void) -> String? {
        do throws(StoreError) { try open() } catch { return "\(error)" }
        return nil
      }
      return try store.snapshot().keys.sorted().compactMap { key in
        warning { () throws(StoreError) in _ = try store.openKey(key) }
      } + [warning { () throws(StoreError) in _ = try store.openRequestKey() }].compactMap(\.self)
    }
  }

  /// A warning if a user works on a store of his own while the host has a system store.
  var otherStoreWarning: [String] {
    guard !isRoot, configuration.file == nil, access("/etc/agentd/store", F_OK) == 0 else { return [] }
    return [
      "this is your own store, \(store.folder); the system's agentd uses /etc/agentd/store: run this as root to use that one"
    ]
  }
}
