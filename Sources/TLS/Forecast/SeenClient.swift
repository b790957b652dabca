import ClientSightings
import ClientVerification
import FoundationEssentials
import OpenSSL
import Values

/// A client that was let in, with what it presented then: to be judged again.
public struct SeenClient: Sendable {
  /// Its certificate.
  public let certificate: Certificate
  /// What else it presented.
  public let others: [Certificate]
  /// The root that it came in through.
  public let root: Thumbprint
  /// When it was last let in, in seconds since the epoch.
  public let lastUse: Int64

  /// Reads what a record has of a client; `nil` if that is not the certificate of that thumbprint, with others.
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

  /// What `verifier` says of it at `time`, in seconds since the epoch.
  public func verdict(of verifier: ClientVerifier, at time: Int64) -> Verdict {
    verifier.verify(certificate, presentedIntermediates: others, at: time)
  }

  /// Whether `verifier` lets it in.
  public func isAccepted(by verifier: ClientVerifier, at time: Int64) -> Bool {
    if case .accepted = verdict(of: verifier, at: time) { true } else { false }
  }
}
