import Glibc
import TestCertificates
import TestSupport

/// The changes by an administrator during an agent's life, in an order that depends on a seed; every second reload changes nothing.
struct ReloadChanges {
  private enum Kind: CaseIterable {
    /// Another listener certificate is served.
    case renewal
    /// A second root is trusted, or no longer.
    case root
    /// A newer revocation list is imported.
    case revocation
    /// The listener moves to another port.
    case port
  }

  /// The ports for the listener, one at a time.
  let ports: [Int]
  private var random: RepeatableRandom
  private let thumbprints: [String]
  private let guestRoot: Credential
  private let guestThumbprint: String
  private var isEven = false
  private var served = 0
  private var port = 0
  private var isGuestTrusted = false
  private var listNumber = 0

  /// Imports in advance what later changes switch to.
  init(of agent: Installation, seed: UInt64) async throws {
    random = RepeatableRandom(seed: seed)
    ports = [agent.port, try FreePort.next()]
    let successor = try PKI.shared.issue(
      CertificateRecipe("/CN=AGENT01", .server).with {
        $0.extensions = ["subjectAltName = DNS:agent01, DNS:localhost"]
        $0.notAfter = 90 * 86400
        $0.variant = 2
      }, by: agent.certificates.root)
    guestRoot = try PKI.shared.root("Guest Root")
    guestThumbprint = try Self.thumbprint(of: guestRoot)
    thumbprints = [try agent.certificates.listenerThumbprint, try Self.thumbprint(of: successor)]
    try agent.folder.write("successor.pem", try successor.certificatePEM + successor.keyPEM, mode: 0o600)
    try await agent.configure("-I", "successor.pem")
  }

  /// Makes the next change.
  mutating func next(at agent: Installation) async throws {
    isEven.toggle()
    if isEven { return try agent.signal(SIGHUP) }
    switch Kind.allCases.randomElement(using: &random)! {
    case .renewal:
      served = 1 - served
      try await agent.configure("-L", "-t", thumbprints[served])
    case .root:
      isGuestTrusted.toggle()
      if isGuestTrusted {
        try await agent.configure("-I", guestRoot.certificatePath)
      } else {
        try await agent.configure("-x", guestThumbprint, "--force")
      }
    case .revocation:
      listNumber += 1
      let leaver = try PKI.shared.client("Leaver", by: agent.certificates.root)
      let list = try PKI.shared.revocationList(
        by: agent.certificates.root, revoking: [leaver], number: listNumber)
      try await agent.configure("-I", list)
    case .port: try await usePort(1 - port, at: agent)
    }
  }

  /// Goes back to the initial port.
  mutating func restorePort(at agent: Installation) async throws {
    if port == 0 { try agent.signal(SIGHUP) } else { try await usePort(0, at: agent) }
  }

  private mutating func usePort(_ index: Int, at agent: Installation) async throws {
    port = index
    try await agent.configure("-L", "-p", "\(ports[index])")
  }

  private static func thumbprint(of credential: Credential) throws -> String {
    let text = try PKI.shared.openssl("x509", "-in", credential.certificatePath, "-noout", "-fingerprint", "-sha256")
    return text.drop { $0 != "=" }.filter(\.isHexDigit)
  }
}
