import AgentConfiguration
import CertificateImport
import CertificateStore
import Console
import OpenSSL
import SystemCalls
import Values

extension Registration {
  /// Returns the certificate that `query` matches, if a listener can use it: its own key stored, chain complete, currently valid.
  func usableCertificate(_ query: ThumbprintQuery) throws -> Certificate {
    let catalog = try catalog()
    let entry = try Inventory(catalog, listener: ListenerConfiguration()).find(query, command("-l"))
    guard let certificate = catalog.certificates.first(where: { $0.sha256Thumbprint == entry.sha256 }),
      entry.role == ImportPlan.Role.listener.rawValue
    else {
      let kind = entry.role == ImportPlan.Role.revocationList.rawValue ? "revocation list" : "\(entry.role) certificate"
      throw CommandError(.data, "\(entry.subject) is a \(kind), not a listener certificate; see \(command("-l"))")
    }
    let key = try store.key(of: certificate)
    guard certificate.matches(key) else {
      throw CommandError(
        .configuration,
        "the stored private key does not belong to certificate \(certificate.subject); import both again")
    }
    try checkDates(certificate)
    do throws(ImportRefusal) { _ = try ServerUse.check(try catalog.chain(of: certificate), key) } catch {
      throw CommandError(.configuration, "\(error)")
    }
    return certificate
  }

  /// Returns what clients will object to in the listener's certificate; empty if none is chosen.
  func warnings(ofListener listener: ListenerConfiguration) throws -> [String] {
    let catalog = try catalog()
    guard let certificate = catalog.certificates.first(where: { $0.sha256Thumbprint == listener.certificate }) else {
      return []
    }
    let chain = try catalog.chain(of: certificate)
    return try ServerUse.check(chain, store.key(of: certificate))
      + ImportPlan.warnings(chain, revokedBy: catalog.revocationLists, of: chain)
  }

  private func checkDates(_ certificate: Certificate) throws(CommandError) {
    if certificate.notAfter < now {
      let end = Timestamp(seconds: certificate.notAfter)
      throw CommandError(.data, "certificate \(certificate.subject) expired at \(end.short); import a renewed one")
    }
    if certificate.notBefore > now {
      let start = Timestamp(seconds: certificate.notBefore)
      throw CommandError(
        .data, "certificate \(certificate.subject) is not valid before \(start.short); check this host's clock, or wait"
      )
    }
  }
}
