import OpenSSL
import Synchronization

/// The clients that a verifier has let in, each with the time for which nothing can change that.
///
/// Roots and revocation lists of a verifier never change, so that its verdict on the same certificates depends on the time
/// alone, and on that only where a validity begins or ends. A client that comes back in between need not have the same
/// signatures verified again. It still proves in every handshake that it has the key.
final class AcceptedClients: Sendable {
  private struct Entry {
    let verdict: Verdict
    /// From the verdict to the next moment at which a validity begins or ends.
    let holds: Range<Int64>
  }

  /// The most clients that are remembered; some 10 KB each.
  static let limit = 256

  /// Seconds since the epoch at which a validity begins or ends, of what the verifier has.
  private let moments: [Int64]
  private let entries = Mutex<[[Certificate]: Entry]>([:])

  init(certificates: [Certificate], revocationLists: [RevocationList]) {
    moments =
      Self.moments(of: certificates) + revocationLists.flatMap { [$0.thisUpdate, $0.nextUpdate].compactMap(\.self) }
  }

  /// What was said of exactly these certificates, the client's first, if that still holds at `time`.
  func verdict(on certificates: [Certificate], at time: Int64) -> Verdict? {
    guard let entry = entries.withLock({ $0[certificates] }), entry.holds.contains(time) else { return nil }
    return entry.verdict
  }

  /// Keeps `verdict`, made at `time`, if it lets the client in.
  func keep(_ verdict: Verdict, on certificates: [Certificate], at time: Int64) {
    guard case .accepted = verdict else { return }
    // At the very second of a moment either side may be meant; those are not remembered.
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
