import OpenSSL

/// From when to when a certificate is valid.
public struct Lifetime: Equatable, Sendable {
  /// Seconds by which validity begins before the moment of issue: for the sake of hosts whose clocks are slow.
  public static let backdate: Int64 = 86400
  /// Days that a root CA lives without another wish. Two roots can be trusted at once, so that it can be replaced in time.
  public static let rootDays = 3650
  /// Days that connector and listener certificates live without another wish.
  public static let days = 825
  /// The most days that can be asked for.
  public static let maximumDays = 36500

  /// The first second, since the epoch.
  public var notBefore: Int64
  /// The last second, since the epoch.
  public var notAfter: Int64

  /// Days from now on.
  ///
  /// - Parameters:
  ///   - now: seconds since the epoch.
  ///   - spread: takes up to a tenth off, at random, so that a fleet whose certificates were issued in one hour does not
  ///     have to be renewed in one hour.
  public init(days: Int, now: Int64, spread: Bool = false) {
    notBefore = now - Self.backdate
    let seconds = Int64(days) * 86400
    notAfter = now + seconds - (spread ? Int64.random(in: 0...(seconds / 10)) : 0)
  }

  /// Seconds from now on.
  ///
  /// - Parameter now: seconds since the epoch.
  public init(seconds: Int64, now: Int64) {
    notBefore = now - Self.backdate
    notAfter = now + seconds
  }

  /// Not beyond the issuer's: what is signed by it is worth nothing afterwards.
  func cut(to issuer: Certificate) -> Lifetime {
    var lifetime = self
    lifetime.notBefore = max(notBefore, issuer.notBefore)
    lifetime.notAfter = min(notAfter, issuer.notAfter)
    return lifetime
  }

  var isEmpty: Bool { notAfter <= notBefore + Self.backdate }
}
