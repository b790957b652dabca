import ClientSightings
import ClientVerification
import FoundationEssentials
import OpenSSL
import Values

/// A client that was accepted, with what it presented then, so that it can be verified again.
public struct SeenClient: Sendable {
  /// The client's certificate.
  public let certificate: Certificate
  /// The other certificates that it presented.
  public let others: [Certificate]
  /// The root of its chain at that time.
  public let root: Thumbprint
  /// When it was last accepted, in seconds since the epoch.
  public let lastUse: Int64

  /// Parses the record of a client; `nil` unless it contains readable certificates, the first with the client's thumbprint.
  public init?(_ sighting: Sighting) {
    let certificates = sighting.client.certificates.map { text in
      Data(base64Encoded: text).flatMap { try? Certificate(der: Array($0)) }
    }
    guard let first = certificates.first, let certificate = first, !certificates.contains(where: { $0 == nil }),
      certificate.sha256Thumbprint == sighting.client.thumbprint
    else { return nil }
    self.certificate = certificate
    others = certificates.dropFirst().compactMap(\.self)
    root = sighting.client.root
    lastUse = sighting.lastUse
  }

  /// Returns the verdict of `verifier` at `time`, in seconds since the epoch.
  public func verdict(of verifier: ClientVerifier, at time: Int64) -> Verdict {
    verifier.verify(certificate, presentedIntermediates: others, at: time)
  }

  /// Returns whether `verifier` accepts the client at `time`.
  public func isAccepted(by verifier: ClientVerifier, at time: Int64) -> Bool {
    if case .accepted = verdict(of: verifier, at: time) { true } else { false }
  }
}
