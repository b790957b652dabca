import OpenSSL
import Synchronization

/// The clients that a verifier has accepted, each with the period in which that cannot change.
///
/// Roots and revocation lists of a verifier never change, so its verdict on the same certificates depends only on the time, and changes
/// only where a validity period begins or ends. A client that returns in between needs no second verification of the same signatures. It
/// still proves possession of the key in every handshake.
final class AcceptedClients: Sendable {
  private struct Entry {
    let verdict: Verdict
    /// From the verdict to the next moment at which a validity period begins or ends.
    let holds: Range<Int64>
  }

  /// The maximum number of clients remembered; each takes some 10 KB.
  static let limit = 256

  /// The moments at which a validity period of the verifier's own material begins or ends, in seconds since the epoch.
  private let moments: [Int64]
  private let entries = Mutex<[[Certificate]: Entry]>([:])

  /// - Parameters:
  ///   - certificates: the verifier's own certificates.
  ///   - otherMoments: other moments at which its verdicts can change, in seconds since the epoch.
  init(certificates: [Certificate], otherMoments: [Int64]) {
    moments = Self.moments(of: certificates) + otherMoments
  }

  /// Returns the verdict on exactly these certificates, the client's first, if it still holds at `time`.
  func verdict(on certificates: [Certificate], at time: Int64) -> Verdict? {
    guard let entry = entries.withLock({ $0[certificates] }), entry.holds.contains(time) else { return nil }
    return entry.verdict
  }

  /// Remembers `verdict`, made at `time`, if it accepts the client.
  func keep(_ verdict: Verdict, on certificates: [Certificate], at time: Int64) {
    guard case .accepted = verdict else { return }
    // At the exact second of such a moment either side may be meant, so the verdict is not remembered.
    let moments = moments + Self.moments(of: certificates)
    guard !moments.contains(time), let next = moments.filter({ $0 > time }).min() else { return }
    entries.withLock { entries in
      if entries.count >= Self.limit { entries.removeAll() }
      entries[certificates] = Entry(verdict: verdict, holds: time..<next)
    }
  }

  private static func moments(of certificates: [Certificate]) -> [Int64] {
    certificates.flatMap { [$0.notBefore, $0.notAfter] }
  }
}
