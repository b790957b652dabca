import AgentConfiguration
import CertificateImport
import CertificateStore
import Console
import OpenSSL
import SystemCalls
import Values

/// What `-L` shall change; what is `nil` or empty stays.
public struct ListenerChange: Sendable {
  /// The listener certificate.
  public var thumbprint: ThumbprintQuery?
  /// Methods to switch on.
  public var enable: [AuthenticationMethod]
  /// Methods to switch off.
  public var disable: [AuthenticationMethod]
  /// The addresses to listen on.
  public var addresses: [String]
  /// The port to listen on.
  public var port: Int?
  /// The enrolment service at which the certificate is renewed; `none` for no renewal.
  public var enrolmentServer: String?

  /// A change, from the words of a command line.
  ///
  /// - Throws: `CommandError` for a word that means nothing.
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

  /// Whether there is nothing to change: the configuration is only to be shown.
  public var isEmpty: Bool {
    thumbprint == nil && enable.isEmpty && disable.isEmpty && addresses.isEmpty && port == nil && enrolmentServer == nil
  }
}

/// How a scheduler proves who it is, in the words of the article. Only `tls` exists here.
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
  /// `-L`: shows the listener's configuration, or changes it and tells a running agentd.
  public func listener(_ change: ListenerChange) throws -> Report {
    if change.isEmpty { return try show(try listenerConfiguration(), note: nil) }
    try Self.checkMethods(change)
    // What is refused shall not even make an empty store; what is not, is checked again under the writers' lock.
    if try changed(by: change) == nil { return try show(try listenerConfiguration(), note: nil) }
    let saved = try store.update { _ in
      let changed = try changed(by: change)
      if let changed {
        try Folder.make(Path.folder(of: configuration.paths.listener), mode: 0o755)
        try changed.save(to: configuration.paths.listener)
      }
      return try changed ?? listenerConfiguration()
    }
    let note = saved.certificate == nil ? nil : RunningAgent(configuration).reload(startedBy: agentCommand)
    return try show(saved, note: note)
  }

  /// The configuration with the change; `nil` if it is the one that is on the disk already.
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

  /// `none` and `sspi` are off for ever, and `tls` is on for ever.
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

  private func show(_ listener: ListenerConfiguration, note: String?) throws -> Report {
    if invocation.json { return try Report(json: ListenerDescription(listener)) }
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
    return Report(lines: lines + (next.map { ["", $0] } ?? []), warnings: otherStoreWarning)
  }
}

/// What `-L --json` prints.
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
