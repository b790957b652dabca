import COpenSSL
import Synchronization

/// One copy each of the certificates that a server's clients have, however many connections they make. It takes some
/// 5 KB, and reading its key costs several times as much as finding it here.
///
/// What is found was read from the same bytes; whether it is acceptable has to be asked each time.
final class SharedCertificates: Sendable {
  private struct Kept {
    var recent: [[UInt8]: Certificate] = [:]
    /// Those that were not asked for lately, which are the next to go.
    var older: [[UInt8]: Certificate] = [:]
  }

  /// The most that are kept of each age. Those that go stay with their connections.
  static let limit = 256

  private let kept = Mutex(Kept())

  /// The kept certificate with this DER encoding.
  func certificate(der: [UInt8]) -> Certificate? {
    kept.withLock { kept in
      if let found = kept.recent[der] { return found }
      guard let found = kept.older.removeValue(forKey: der) else { return nil }
      Self.insert(found, der, into: &kept)
      return found
    }
  }

  /// Keeps a certificate of a client that was let in: a stranger's must not take the place of one.
  func keep(_ certificate: Certificate, der: [UInt8]) {
    kept.withLock { Self.insert(certificate, der, into: &$0) }
  }

  private static func insert(_ certificate: Certificate, _ der: [UInt8], into kept: inout Kept) {
    if kept.recent.count >= limit { kept = Kept(older: kept.recent) }
    kept.recent[der] = certificate
  }
}
