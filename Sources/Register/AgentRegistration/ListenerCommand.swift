import AgentConfiguration
import CertificateImport
import CertificateStore
import Console
import OpenSSL
import SystemCalls
import Values

/// The changes that `-L` makes; `nil` or empty leaves a setting unchanged.
public struct ListenerChange: Sendable {
  /// The listener certificate.
  public var thumbprint: ThumbprintQuery?
  /// The methods to enable.
  public var enable: [AuthenticationMethod]
  /// The methods to disable.
  public var disable: [AuthenticationMethod]
  /// The addresses to listen on.
  public var addresses: [String]
  /// The port to listen on.
  public var port: Int?
  /// The enrolment service that renews the certificate; `none` for no renewal.
  public var enrolmentServer: String?

  /// Creates a change from the words of a command line.
  ///
  /// - Throws: `CommandError` for an unknown word.
  public init(
    thumbprint: String = "", enable: [String] = [], disable: [String] = [], addresses: [String] = [], port: Int? = nil,
    enrolmentServer: String? = nil
  ) throws {
    do { self.thumbprint = thumbprint.isEmpty ? nil : try ThumbprintQuery(thumbprint) } catch {
      throw CommandError(.usage, "--thumbprint: \(error)")
    }
    self.enable = try enable.map { try AuthenticationMethod(word: $0, option: "--enable") }
    self.disable = try disable.map { try AuthenticationMethod(word: $0, option: "--disable") }
    self.addresses = addresses
    if let port, !(1...65535).contains(port) {
      throw CommandError(.usage, "--port: must be from 1 to 65535, not \(port)")
    }
    self.port = port
    self.enrolmentServer = enrolmentServer
  }

  /// Whether nothing changes: the configuration is only shown.
  public var isEmpty: Bool {
    thumbprint == nil && enable.isEmpty && disable.isEmpty && addresses.isEmpty && port == nil && enrolmentServer == nil
  }
}

/// How a scheduler authenticates, in the article's terms. Only `tls` exists here.
public enum AuthenticationMethod: String, CaseIterable, Sendable {
  case tls, sspi, none

  init(word: String, option: String) throws(CommandError) {
    guard let method = Self(rawValue: word.lowercased()) else {
      throw CommandError(
        .usage, "\(option): \(String(reflecting: word)) is not a method; the methods are tls, sspi and none")
    }
    self = method
  }
}

extension Registration {
  /// Shows the listener's configuration, or changes it and makes a running agentd reload: `-L`.
  public func listener(_ change: ListenerChange) throws -> Report {
    if change.isEmpty { return try show(try listenerConfiguration(), note: nil) }
    try Self.checkMethods(change)
    // A refused change must not even create an empty store; any other is checked again under the writers' lock.
    if try changed(by: change) == nil { return try show(try listenerConfiguration(), note: nil) }
    let (before, saved) = try store.update { _ in
      let before = try ListenerConfiguration.load(configuration.paths.listener, isRoot: isRoot)
      let changed = try changed(by: change)
      if let changed {
        try Folder.make(Path.folder(of: configuration.paths.listener), mode: 0o755)
        try changed.save(to: configuration.paths.listener)
      }
      return (before, try changed ?? listenerConfiguration())
    }
    guard saved.certificate != nil else { return try show(saved, note: nil) }
    let (note, failure) = RunningAgent(configuration).reloadAndWait(startedBy: agentCommand)
    if failure == nil {
      let warnings = change.thumbprint == nil ? [] : try warnings(ofListener: saved)
      return try show(saved, note: note, warnings: warnings)
    }
    try takeBack(saved, before)
    throw CommandError(.configuration, "\(note); the listener's configuration is what it was")
  }

  /// Restores the previous configuration: agentd could not be started with one that a running agentd fails to load.
  private func takeBack(_ saved: ListenerConfiguration, _ before: ListenerConfiguration?) throws {
    try store.update { _ in
      guard let before, try listenerConfiguration() == saved else { return }
      try before.save(to: configuration.paths.listener)
    }
  }

  /// Returns the configuration with the change; `nil` if the file already contains it.
  private func changed(by change: ListenerChange) throws -> ListenerConfiguration? {
    let present = try ListenerConfiguration.load(configuration.paths.listener, isRoot: isRoot)
    var wanted = present ?? ListenerConfiguration()
    if let query = change.thumbprint { wanted.certificate = try usableCertificate(query).sha256Thumbprint }
    try changeRenewal(&wanted, by: change.enrolmentServer, present)
    if !change.addresses.isEmpty {
      if let fault = ListenerConfiguration.fault(of: change.addresses) {
        throw CommandError(.usage, "--bind: \(fault)")
      }
      wanted.addresses = change.addresses
    }
    if let port = change.port { wanted.port = port }
    return wanted == present ? nil : wanted
  }

  /// `none` and `sspi` are always off, and `tls` is always on.
  private static func checkMethods(_ change: ListenerChange) throws(CommandError) {
    if let method = change.enable.first(where: { $0 != .tls }) {
      let reason = method == .none ? "every client needs a certificate" : "there is no Active Directory here"
      throw CommandError(.usage, "--enable \(method): cannot be enabled: \(reason); the only method is tls")
    }
    if change.disable.contains(.tls) {
      throw CommandError(
        .usage, "--disable tls: cannot be disabled: there is no other method, so no client could connect")
    }
  }

  private func show(_ listener: ListenerConfiguration, note: String?, warnings: [String] = []) throws -> Report {
    let warnings = otherStoreWarning + (try keyWarnings) + warnings
    if invocation.json { return try Report(json: ListenerDescription(listener), warnings: warnings) }
    let inventory = Inventory(try catalog(), listener: listener)
    let entry = inventory.entries.first { $0.sha256 == listener.certificate }
    var lines = ["listener"]
    lines.append("  certificate  \(listener.certificate?.description ?? "none chosen")")
    if let entry {
      lines.append("               \(entry.subject), valid to \(entry.notAfter?.short ?? "")")
    } else if listener.certificate != nil {
      lines.append("               not in the store: import it, or choose another")
    }
    lines.append("  methods      tls (none and sspi are always off)")
    lines.append("  addresses    \(listener.addresses.joined(separator: ", "))")
    lines.append("  port         \(listener.port)")
    if let server = listener.enrolmentServer, let time = listener.renewAt {
      lines.append("  renewed      at \(time.short), by \(server)")
    }
    let next = listener.certificate == nil ? "next: choose the certificate with: \(command("-L -t THUMBPRINT"))" : note
    return Report(lines: lines + (next.map { ["", $0] } ?? []), warnings: warnings)
  }
}

/// The output of `-L --json`.
struct ListenerDescription: Encodable {
  let certificate: Thumbprint?
  let methods: [String]
  let addresses: [String]
  let port: Int
  let enrolmentServer: String?
  let renewAt: Timestamp?

  init(_ listener: ListenerConfiguration) {
    (certificate, methods) = (listener.certificate, listener.methods)
    (addresses, port) = (listener.addresses, listener.port)
    (enrolmentServer, renewAt) = (listener.enrolmentServer, listener.renewAt)
  }

  enum CodingKeys: String, CodingKey {
    case certificate, methods, addresses, port
    case enrolmentServer = "enrolment_server"
    case renewAt = "renew_at"
  }
}
