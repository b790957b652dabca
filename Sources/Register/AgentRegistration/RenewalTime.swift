import AgentConfiguration
import CertificateImport
import CertificateStore
import Console
import EnrolmentClient
import OpenSSL
import SystemCalls
import Values

extension Registration {
  /// Configures the listener to use `certificate`, and to renew it at `server`.
  func serve(with certificate: Certificate, renewingAt server: EnrolmentServer) throws -> ListenerConfiguration {
    try changeListener { listener in
      listener.certificate = certificate.sha256Thumbprint
      listener.enrolmentServer = "\(server)"
      listener.renewAt = Self.renewalTime(of: certificate, now: now)
    }
  }

  /// Sets the renewal server, and the renewal time of a new certificate. A time already chosen for a certificate is kept.
  func changeRenewal(
    _ listener: inout ListenerConfiguration, by server: String?, _ present: ListenerConfiguration?
  ) throws {
    if server == "none" {
      (listener.enrolmentServer, listener.renewAt) = (nil, nil)
    } else if let server {
      listener.enrolmentServer = "\(try enrolmentServer(server))"
    }
    guard listener.enrolmentServer != nil else { return }
    let isChosen = listener.renewAt != nil && listener.certificate == present?.certificate
    if isChosen { return }
    guard let certificate = try catalog().certificates.first(where: { $0.sha256Thumbprint == listener.certificate })
    else {
      throw CommandError(
        .usage, "--server: no listener certificate is chosen, so there is nothing to renew; choose one with -t")
    }
    listener.renewAt = Self.renewalTime(of: certificate, now: now)
  }

  /// Changes listener.toml under the writers' lock.
  func changeListener(_ change: (inout ListenerConfiguration) throws -> Void) throws -> ListenerConfiguration {
    try store.update { _ in
      var listener = try listenerConfiguration()
      try change(&listener)
      try Folder.make(Path.folder(of: configuration.paths.listener), mode: 0o755)
      try listener.save(to: configuration.paths.listener)
      return listener
    }
  }

  /// Returns when to renew a certificate: at two thirds of its remaining lifetime or up to a tenth of that earlier.
  ///
  /// The time is random, so that a fleet enrolled within one hour does not renew within one hour.
  static func renewalTime(of certificate: Certificate, now: Int64) -> Timestamp {
    let left = Double(max(certificate.notAfter - now, 0))
    // Never at once, whatever the clocks say: that would repeat forever.
    return Timestamp(seconds: now) + .seconds(max(5, left * Double.random(in: 0.6...(2.0 / 3))))
  }
}
