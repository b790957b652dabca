import AgentConfiguration
import AgentProtocol
import CertificateImport
import CertificateStore
import Console
import EnrolmentClient
import EnrolmentProtocol
import OpenSSL
import SystemCalls
import Values

extension Registration {
  /// Enrols the agent: `-R -s SERVER`, and UPDATE AGENT LISTENER /REQCERT.
  ///
  /// Creates a key, requests a certificate for it from the scheduler's enrolment service, and configures the listener to use it.
  ///
  /// - Parameters:
  ///   - server: `HOST` or `HOST:PORT`.
  ///   - name: the name under which the scheduler knows this agent; `nil` for the name in agentd.toml, by default the host's.
  ///   - code: the source of the code from CREATE ENROLMENT CODE; `.none` asks on the terminal.
  public func enrol(at server: String, name: String?, code: PasswordSource) throws -> Report {
    let server = try enrolmentServer(server)
    let name = try agentName(name)
    let path = try rethrowing { () throws in
      // First of all: nobody should type a code if there is no service.
      let shown = try server.unverifiedAuthorities()
      return try requestCertificate(server, shown, name, try enrolmentCode(code))
    }
    let plan: ImportPlan
    do { plan = try add(Bundle(of: path)) } catch let refusal as ImportRefusal {
      throw CommandError(.data, "the certificate that \(server) issued cannot be used: \(refusal)")
    }
    let saved = try serve(with: path[0], renewingAt: server)
    return try report(path[0], plan, saved)
  }

  func enrolmentServer(_ text: String) throws(CommandError) -> EnrolmentServer {
    guard let server = EnrolmentServer(text) else {
      throw CommandError(.usage, "\(text.debugDescription) is not a server: expected HOST or HOST:PORT")
    }
    return server
  }

  private func enrolmentCode(_ source: PasswordSource) throws -> EnrolmentCode {
    let typed = try source == .none ? PasswordPrompt.ask("Enrolment code: ") : source.password()
    let text = typed?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } ?? ""
    guard let code = EnrolmentCode(text) else {
      throw CommandError(
        .data, "that is not an enrolment code: type what CREATE ENROLMENT CODE shows, with the part after the dot")
    }
    return code
  }

  /// Sends nothing secret before the server has proved that it belongs to the code's root.
  ///
  /// - Returns: the path from the new certificate to that root; nothing else becomes trusted.
  private func requestCertificate(
    _ server: EnrolmentServer, _ shown: [Certificate], _ name: String, _ code: EnrolmentCode
  ) throws -> [Certificate] {
    guard let root = shown.first(where: { code.isOfRoot($0.sha256Thumbprint) && $0.isSelfSigned }) else {
      let other = shown.first.map { "\($0)" } ?? "none"
      throw CommandError(
        .noPermission,
        "\(server) shows another root CA (\(other)) than the enrolment code's (\(code.rootBeginning)...): it is not "
          + "the scheduler, or the connection is intercepted; the code was not sent")
    }
    let isFirst = try keptRequestKey() == nil
    let request = try pendingRequest(.request, commonName: name, names: [.dns(name)]).request
    do {
      let answer = try server.enrol(request, agentName: name, code: code.secret, root: root)
      return try Self.path(from: answer.certificate, answer.others + shown, to: [root], server)
    } catch let error as EnrolmentError {
      // The key is kept only for an answer that may have been lost.
      switch error {
      case .refused, .untrusted: if isFirst { try store.removeRequestKey() }
      case .unreachable, .pending, .unusable: break
      }
      throw error
    }
  }

  /// Returns the path from a certificate that a service has issued to a trusted root, by CAs that the service names.
  static func path(
    from certificate: Certificate, _ others: [Certificate], to roots: [Certificate], _ server: EnrolmentServer
  ) throws(EnrolmentError) -> [Certificate] {
    let paths = PathSearch.paths(
      from: certificate, others: others, roots: roots, maximumLength: ImportPlan.maximumChain,
      at: Timestamp.now().seconds)
    if let path = paths.first(where: { $0.dropFirst().allSatisfy(\.isCA) }) { return path }
    throw .unusable(
      "\(server) issued a certificate of \(certificate.issuer), and neither names CAs that lead from there to a trusted root nor are any "
        + "here; import that CA's certificate, or correct the service")
  }

  /// Converts enrolment errors to `CommandError`.
  func rethrowing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as EnrolmentError {
      switch error {
      case .unreachable: throw CommandError(.unavailable, error.description)
      case .pending: throw CommandError(.temporary, error.description)
      case .untrusted: throw CommandError(.noPermission, error.description)
      case .refused: throw CommandError(.noPermission, error.description)
      case .unusable: throw CommandError(.protocol, error.description)
      }
    }
  }

  private func report(_ certificate: Certificate, _ plan: ImportPlan, _ saved: ListenerConfiguration) throws -> Report {
    let note = RunningAgent(configuration).reloadAndWait(startedBy: agentCommand).line
    let inventory = Inventory(try catalog(), listener: saved)
    let entries = plan.entries.map { (entry: inventory.entry($0.certificate, $0.role), isNew: $0.isNew) }
    if invocation.json { return try Report(json: entries.map(\.entry), warnings: otherStoreWarning) }
    var lines = ["Requested Certificate"]
    for (entry, isNew) in entries { lines += [""] + entry.lines(remark: remark(entry, isNew), now: now) }
    let renewal = saved.renewAt.map { ["agentd renews it automatically, at \($0.short)"] } ?? []
    return Report(lines: lines + [""] + renewal + [note], warnings: otherStoreWarning)
  }
}
