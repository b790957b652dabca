import AgentConfiguration
import AgentProtocol
import CertificateStore
import ClientSightings
import Glibc
import SupervisorLink
import SystemCalls
import Values

/// Configuration and store at one moment: everything needed to start a listener.
struct ServingMaterial {
  /// agentd.toml.
  let configuration: AgentConfiguration
  /// The addresses and ports to listen on.
  let endpoints: [ListeningSocket.Endpoint]
  /// The thumbprint of the listener's certificate.
  let thumbprint: Thumbprint
  /// When to renew the certificate; `nil` if it is not renewed automatically.
  let renewAt: Timestamp?
  /// When and whether newer revocation lists are fetched, and for which state of the store.
  let refresh: RevocationRefresh.Settings
  /// The users that listener and signer run as; `nil` for the supervisor's own user.
  let accounts: RoleAccounts?
  private let store: StoreSnapshot
  /// The certificate's private key, open for reading; this process does not read it.
  let key: FileDescriptor

  /// Whether the listener reports what will break; only in a check.
  private var forecasts = false
  /// The record of clients for the forecast, if there is one; this process does not read it.
  private var clients: FileDescriptor?

  /// Reads and checks everything that can be checked without reading a certificate.
  ///
  /// - Parameter found: returns what is known of a user; the default looks it up synchronously.
  static func load(
    _ place: StartOptions, found: (String) -> Found = { LookUp(user: $0).answer() }
  ) throws(StartFailure) -> ServingMaterial {
    let isRoot = geteuid() == 0
    do {
      let configuration = try AgentConfiguration.load(
        file: place.configurationFile, environment: place.environment, isRoot: isRoot)
      let listener = try ListenerConfiguration.load(configuration.paths.listener, isRoot: isRoot)
      let accounts = isRoot ? try RoleAccounts(configuration.process, found) : nil
      return try ServingMaterial(configuration, listener ?? ListenerConfiguration(), accounts)
    } catch { throw failure(error) }
  }

  private static func failure(_ error: any Error) -> StartFailure {
    switch error {
    case let error as ConfigurationError: StartFailure(error)
    case let error as StoreError: StartFailure(error)
    case let error as StartFailure: error
    default: StartFailure(EX_SOFTWARE, "\(error)")
    }
  }

  /// Returns everything that is wrong, as far as it can be found without reading a certificate: in the files or, if they are right, with
  /// users and store.
  static func failures(_ place: StartOptions) -> [StartFailure] {
    let isRoot = geteuid() == 0
    let (configuration, errors) = AgentConfiguration.loadAll(
      file: place.configurationFile, environment: place.environment, isRoot: isRoot)
    let more = configuration.map { ListenerConfiguration.errors(in: $0.paths.listener, isRoot: isRoot) } ?? []
    guard let configuration, errors.isEmpty, more.isEmpty else { return (errors + more).map { StartFailure($0) } }
    var failures: [StartFailure] = []
    do { if isRoot { _ = try RoleAccounts.resolve(configuration.process) } } catch { failures.append(failure(error)) }
    do {
      let listener = try ListenerConfiguration.load(configuration.paths.listener, isRoot: isRoot)
      _ = try ServingMaterial(configuration, listener ?? ListenerConfiguration(), nil)
    } catch { failures.append(failure(error)) }
    return failures
  }

  /// Returns the users to look up for `load`.
  static func users(_ place: StartOptions) throws(StartFailure) -> [String] {
    guard geteuid() == 0 else { return [] }
    do throws(ConfigurationError) {
      return RoleAccounts.names(
        try AgentConfiguration.load(
          file: place.configurationFile, environment: place.environment, isRoot: true
        ).process)
    } catch { throw StartFailure(error) }
  }

  /// Returns `renewAt` as the files have it now; also `nil` if they cannot be read.
  static func renewalTime(_ place: StartOptions) -> Timestamp? {
    let isRoot = geteuid() == 0
    let configuration = try? AgentConfiguration.load(
      file: place.configurationFile, environment: place.environment, isRoot: isRoot)
    return configuration.flatMap { try? ListenerConfiguration.load($0.paths.listener, isRoot: isRoot) }?.renewAt
  }

  private init(
    _ configuration: AgentConfiguration, _ listener: ListenerConfiguration, _ accounts: RoleAccounts?
  ) throws {
    self.configuration = configuration
    self.accounts = accounts
    renewAt = listener.renewAt
    endpoints = listener.addresses.map { .init(address: $0, port: UInt16(clamping: listener.port)) }
    let store = CertificateStore(folder: configuration.paths.store)
    // Before the contents: a change between the two is noticed later.
    refresh = RevocationRefresh.Settings(
      hasServer: listener.enrolmentServer != nil, interval: configuration.tls.crlRefresh, store: store,
      generation: store.generation)
    self.store = try store.snapshot()
    thumbprint = try Self.chosenCertificate(listener, configuration, self.store)
    key = try store.openKey(thumbprint)
  }

  private static func chosenCertificate(
    _ listener: ListenerConfiguration, _ configuration: AgentConfiguration, _ store: StoreSnapshot
  ) throws(StartFailure) -> Thumbprint {
    let option = configuration.file.flatMap { configuration.isFileNamed ? " -c \($0)" : nil } ?? ""
    func failure(_ message: String, _ command: String) -> StartFailure {
      StartFailure(EX_CONFIG, message, hint: "run: agent-register\(option) \(command)")
    }
    if store.roots.isEmpty, store.keys.isEmpty {
      throw failure(
        "\(configuration.paths.store): the certificate store is empty",
        "-I BUNDLE.pem with a scheduler's file, or -R -s SCHEDULER for a certificate over the network")
    }
    guard let chosen = listener.certificate else {
      let candidate = store.keys.sorted().first.map(\.description) ?? "THUMBPRINT"
      throw failure("\(configuration.paths.listener): no listener certificate is chosen", "-L -t \(candidate)")
    }
    guard store.contains(.certificates, chosen) || store.contains(.roots, chosen) else {
      throw failure(
        "\(configuration.paths.listener): the listener certificate \(chosen) is not in the store",
        "-I BUNDLE.pem, then -L -t THUMBPRINT")
    }
    if store.roots.isEmpty {
      throw failure(
        "\(configuration.paths.store): no root is trusted, so no client could be let in", "-I ROOT.pem")
    }
    return chosen
  }

  /// The users that agentd's own processes run as; no jobs run as them.
  var reserved: ReservedAccounts { ReservedAccounts(accounts.map { [$0.listener, $0.signer] } ?? []) }

  /// The trust material that decides which clients are admitted.
  var trust: ClientTrust {
    ClientTrust(
      certificates: store.certificates.map(\.text), roots: store.roots.map(\.text),
      revocationLists: store.revocationLists.map(\.text),
      acceptsExpiredLists: configuration.tls.crlExpired == .warn)
  }

  /// The thumbprints of the trusted roots.
  var rootThumbprints: Set<Thumbprint> { Set(store.roots.map(\.thumbprint)) }

  /// Returns the message that configures a listener, and its descriptors in the order of the contract.
  func message(
    _ capacity: Capacity, _ sockets: [ListeningSocket], _ child: ListenerChild, checkOnly: Bool,
    presented: String? = nil
  ) -> (SupervisorMessage, [FileDescriptor]) {
    var material = ListenerMaterial(
      agentName: configuration.process.agentName, version: agentdVersion, certificate: thumbprint,
      trust: trust, addresses: sockets.map(\.shown), capacity: capacity,
      limits: configuration.limits, clientsAreRuled: !configuration.clients.isEmpty, checkOnly: checkOnly
    ).with(forecast: forecasts)
    material.presented = presented
    material.renewAt = renewAt
    let own = child.takeDescriptors()
    material.signingSockets = own.signing
    return (.configure(material), own.descriptors + sockets.map(\.descriptor) + (clients.map { [$0] } ?? []))
  }

  /// Returns the same material for a check that also reports what will break.
  func forecasting() throws(StartFailure) -> ServingMaterial {
    var material = self
    material.forecasts = true
    material.clients = try required(orExit: EX_NOINPUT) { () throws(SystemError) in
      try SightingsFile(path: configuration.paths.clients).open()
    }
    return material
  }
}

extension ListenerMaterial {
  fileprivate func with(forecast: Bool) -> ListenerMaterial {
    var material = self
    material.forecast = forecast
    return material
  }
}

extension StoredObject {
  fileprivate var text: String { String(decoding: pem, as: UTF8.self) }
}
