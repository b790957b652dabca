import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import Glibc
import OpenSSL
import SchedulerRegistry
import SystemCalls
import Wording

/// Our identity to agents: that of the scheduler with the given folder, or a certificate in files.
struct IdentityOptions: ParsableArguments {
  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("The scheduler's folder; see agentctl(1).", valueName: "dir"), completion: .directory)
  var home: String?
  @Option(
    help: ArgumentHelp("Our certificate and chain, PEM; not the scheduler's.", valueName: "file"), completion: .file())
  var cert: String?
  @Option(help: ArgumentHelp("Our private key, PEM.", valueName: "file"), completion: .file()) var key: String?
  @Option(help: ArgumentHelp("Root CAs of the agent's certificate, PEM.", valueName: "file"), completion: .file())
  var ca: String?

  /// The maximum size of a PEM file, in bytes.
  private static let fileLimit = 1 << 20

  func validate() throws {
    for (name, value) in [("-H", home), ("--cert", cert), ("--key", key), ("--ca", ca)] where value?.isEmpty == true {
      throw ValidationError("\(name): its value is empty; is a variable of the shell not set?")
    }
    let given = [cert, key, ca].count { $0 != nil }
    guard given == 0 || given == 3 else { throw ValidationError("--cert, --key and --ca need each other") }
  }

  /// The scheduler's registry.
  var registry: SchedulerRegistry {
    SchedulerRegistry(
      home: SchedulerHome.resolve(option: home, environment: processEnvironment(), isRoot: geteuid() == 0))
  }

  /// Reads the agents that the scheduler has registered.
  ///
  /// - Throws: `AgentError.unusable`.
  func inventory() throws -> AgentInventory { try unusable { try AgentInventory(registry) } }

  /// Reads the certificate from files; nil to use the scheduler's.
  ///
  /// - Throws: `AgentError.unusable` if a file is.
  func fileContext() throws -> TLSClientContext? {
    guard let cert, let key, let ca else { return nil }
    let chain = try Self.read(cert) { try Certificate.all(inPEM: DurableFile.read(cert, limit: Self.fileLimit)) }
    let roots = try Self.read(ca) { try Certificate.all(inPEM: DurableFile.read(ca, limit: Self.fileLimit)) }
    let privateKey = try Self.read(key) {
      let file = try FileDescriptor.open(key, O_RDONLY)
      let text = try SecretBytes(readingDescriptor: file.raw, limit: Self.fileLimit)
      guard let privateKey = try PrivateKey.first(inPEM: text) else {
        throw AgentError.unusable("there is no private key in it")
      }
      return privateKey
    }
    return try Self.read(cert) {
      try TLSClientContext(certificateChain: chain, privateKey: privateKey, roots: roots)
    }
  }

  private static func read<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as SystemError {
      throw AgentError.unusable("\(error)")
    } catch {
      throw AgentError.unusable("\(path): \(error)")
    }
  }
}

/// Converts errors concerning our own files to `AgentError.unusable`.
func unusable<Value>(_ body: () throws -> Value) throws -> Value {
  do { return try body() } catch let error as AgentError { throw error } catch {
    throw AgentError.unusable("\(error)\(IdentityOptions.hint(for: error))")
  }
}

extension IdentityOptions {
  private static let homeOfRoot = "/etc/agentd-scheduler"

  /// Tells an ordinary user whose own registry is empty where root's is; empty for any other error.
  static func hint(for error: any Error) -> String {
    guard case InventoryError.noAgent(_, let home, isEmpty: true) = error else { return "" }
    return hint(forEmpty: home)
  }

  /// The same for an empty registry in the folder `home`.
  static func hint(forEmpty home: String) -> String {
    let isOwn = home.isSame(
      as: SchedulerHome.resolve(option: nil, environment: processEnvironment(), isRoot: false))
    guard geteuid() != 0, isOwn, access(homeOfRoot, F_OK) == 0 else { return "" }
    return "; root has a registry in \(homeOfRoot): run this as root to use it"
  }
}
