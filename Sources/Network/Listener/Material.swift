import AgentProtocol
import ClientVerification
import OpenSSL
import RemoteSigning
import SupervisorLink
import Values

/// Why the material cannot be used, and what to do about it.
struct Unusable: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Key, certificates and roots: read, checked and ready to serve.
struct Material {
  /// The TLS context of every connection.
  let context: TLSServerContext
  /// Verifies clients in the context's handshakes.
  let verifier: CurrentVerifier
  /// The parts of the material that expire.
  let dated: DatedMaterial
  /// What is reported to the supervisor.
  let report: ListenerReport

  /// Reads and checks the material.
  ///
  /// - Parameters:
  ///   - signer: holds the certificate's private key.
  ///   - now: the current time.
  init(_ material: ListenerMaterial, signer: any RemoteSigner, now: Timestamp = .now()) throws(Unusable) {
    let trust = try Trust(material.trust)
    let (roots, certificates) = (trust.roots, trust.certificates)
    guard let own = (certificates + roots).first(where: { $0.sha256Thumbprint == material.certificate }) else {
      throw Unusable(
        "listener certificate \(material.certificate) is not in the store: choose one with agent-register -L -t THUMBPRINT"
      )
    }
    try Self.checkOwn(own, now)
    dated = DatedMaterial(own: own, trust, renewAt: material.renewAt)
    let privateKey = try Self.key(of: own, by: signer)
    let chain = Self.chain(of: own, from: certificates + roots, now)
    let verifier = CurrentVerifier(trust.verifier)
    self.verifier = verifier
    do {
      context = try TLSServerContext(
        .init(
          certificateChain: chain, privateKey: privateKey, clientAuthorities: roots + certificates.filter(\.isCA),
          applicationProtocols: ApplicationProtocol.allCases.map(\.rawValue))
      ) { verifier.verify($0) }
    } catch { throw Unusable("listener certificate \(own.subject): \(error)") }
    report = ListenerReport(
      subject: own.subject, thumbprint: own.sha256Thumbprint, notAfter: Timestamp(seconds: own.notAfter),
      roots: roots.map(\.subject))
  }

  /// Returns `certificate` and its known issuers without the root, which everybody who trusts it has.
  static func chain(of certificate: Certificate, from known: [Certificate], _ now: Timestamp) -> [Certificate] {
    let paths = PathSearch.paths(
      from: certificate, amongSelfSigned: known, maximumLength: 8, at: now.milliseconds / 1000)
    if let path = paths.first, path.count > 1 { return Array(path.dropLast()) }
    var chain = [certificate]
    while let last = chain.last, chain.count < 8,
      let issuer = known.first(where: { !chain.contains($0) && last.isIssued(by: $0) }), !issuer.isSelfSigned
    {
      chain.append(issuer)
    }
    return chain
  }

  private static func checkOwn(_ certificate: Certificate, _ now: Timestamp) throws(Unusable) {
    let name = "listener certificate \(certificate.subject)"
    let seconds = now.seconds
    if certificate.notAfter < seconds {
      let end = certificate.notAfter > 0 ? " on \(Timestamp(seconds: certificate.notAfter))" : ""
      throw Unusable("\(name) expired\(end): import a new one with agent-register -I FILE")
    }
    if certificate.notBefore > seconds {
      let begin = Timestamp(seconds: certificate.notBefore)
      throw Unusable(
        "\(name) is not valid for another \(TimeText.span(certificate.notBefore - seconds)) (until \(begin)): "
          + "check this host's clock, which says \(now)")
    }
    if let usage = certificate.extendedKeyUsage, usage.isDisjoint(with: [.serverAuthentication, .any]) {
      throw Unusable("\(name) is not for servers: its extended key usage lacks serverAuth")
    }
  }

  /// Returns the signer's key after checking that it belongs to `certificate`.
  private static func key(of certificate: Certificate, by signer: any RemoteSigner) throws(Unusable) -> PrivateKey {
    let name = "private key of \(certificate.subject)"
    guard let scheme = SignatureScheme.allCases.first(where: certificate.canSign) else {
      throw Unusable("\(name): TLS does not support this type of key (\(certificate.keyDescription))")
    }
    guard let signature = trial.withUnsafeBytes({ signer.sign($0, scheme) }) else {
      throw Unusable(
        "\(name): it cannot sign (the file may hold no private key, or one of another type than the certificate's \(certificate.keyDescription)): import certificate and key again with agent-register -I FILE"
      )
    }
    guard certificate.isSignature(signature, of: trial, scheme) else {
      throw Unusable(
        "\(name) does not belong to that certificate (it holds another \(certificate.keyDescription) key): import certificate and key together with agent-register -I FILE"
      )
    }
    do { return try PrivateKey.remote(of: certificate, signer: signer) } catch { throw Unusable("\(name): \(error)") }
  }

  /// What a server signs in TLS 1.3 (RFC 8446 section 4.4.3), with a transcript hash that no handshake has.
  private static let trial =
    [UInt8](repeating: 0x20, count: 64) + Array("TLS 1.3, server CertificateVerify".utf8)
    + [UInt8](repeating: 0, count: 33)
}
