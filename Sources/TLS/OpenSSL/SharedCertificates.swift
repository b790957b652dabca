import COpenSSL
import Synchronization

/// One shared copy of each client certificate, for any number of connections.
///
/// A copy takes some 5 KB, and reading its key costs several times as much as a lookup here. A certificate found here was read from the
/// same bytes; whether it is acceptable must be checked each time.
final class SharedCertificates: Sendable {
  private struct Kept {
    var recent: [[UInt8]: Certificate] = [:]
    /// Certificates not used recently, the next to be evicted.
    var older: [[UInt8]: Certificate] = [:]
  }

  /// The maximum number kept in each generation. Connections keep their evicted certificates.
  static let limit = 256

  private let kept = Mutex(Kept())

  /// Returns the stored certificate with this DER encoding.
  func certificate(der: [UInt8]) -> Certificate? {
    kept.withLock { kept in
      if let found = kept.recent[der] { return found }
      guard let found = kept.older.removeValue(forKey: der) else { return nil }
      Self.insert(found, der, into: &kept)
      return found
    }
  }

  /// Stores a certificate of an accepted client: a stranger's must not displace it.
  func keep(_ certificate: Certificate, der: [UInt8]) {
    kept.withLock { Self.insert(certificate, der, into: &$0) }
  }

  private static func insert(_ certificate: Certificate, _ der: [UInt8], into kept: inout Kept) {
    if kept.recent.count >= limit { kept = Kept(older: kept.recent) }
    kept.recent[der] = certificate
  }
}
