import CertificateAuthority
import Console
import OpenSSL
import SchedulerRegistry
import SystemCalls

extension Scheduler {
  /// Executes SIGN REQUEST.
  func signRequest(_ switches: Switches) throws -> CommandAnswer {
    let file = switches.required("FILENAME")
    let target = try TargetFile(switches.required("OUT"), switches)
    let request = try listenerRequest(in: file)
    let (name, names) = try namesToSign(request, file, switches)
    let lifetime = try switches.listenerLifetime(now: now)
    let certificate = try registry.update { record, transaction in
      let authority = try authority(nil, record, transaction.before)
      let certificate = try authority.issueListener(agentName: name, names: names, for: request.key, lifetime)
      try record.note(certificate, .listener, of: authority, now, by: Requester.name)
      // Last, so that a file that cannot be written leaves no record of a certificate that no one has.
      try target.write(certificate.pem + authority.certificate.pem)
      return certificate
    }
    return CommandAnswer(
      ["New certificate"] + facts(certificate, isDefault: false) + [
        "written with the root CA's certificate to \(target.path)",
        "copy it to the host that made the request and run there: jams-register -I \(Path.name(of: target.path))",
      ], warnings: Self.shortened(certificate, lifetime))
  }

  private func listenerRequest(in file: String) throws -> ListenerRequest {
    let contents = try SourceFile.read(file, limit: ListenerRequest.maximumBytes).bytes
    do throws(RequestRefusal) {
      return try ListenerRequest(contents: contents.withUnsafeBytes { Array($0) })
    } catch {
      throw CommandError(.data, "\(file): \(error)")
    }
  }

  /// Returns the names that the operator gives, or those of the request if the operator accepts them.
  ///
  /// Otherwise fails with a message that shows them, and nothing is signed.
  private func namesToSign(
    _ request: ListenerRequest, _ file: String, _ switches: Switches
  ) throws(CommandError) -> (agentName: String, further: [AlternativeName]) {
    let further = try switches.alternativeNames()
    if switches.has("AGENTNAME") { return (try switches.agentName(), further) }
    let shown = request.names.map(\.value).joined(separator: ", ")
    guard switches.has("REQUESTEDNAMES") else {
      throw CommandError(
        .usage,
        "\(file) asks for \(shown.isEmpty ? "no name" : "the names \(shown)"): give the right ones with "
          + "/AGENTNAME= and /SAN=, or accept these with /REQUESTEDNAMES")
    }
    guard let name = request.commonName ?? request.names.first?.value, HostName.isOne(name), name.utf8.count <= 64
    else {
      throw CommandError(.data, "\(file) asks for no name that an agent can have; give one with /AGENTNAME=")
    }
    return (name, request.alternativeNames + further)
  }
}
