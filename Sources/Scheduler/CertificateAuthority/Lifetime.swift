import OpenSSL

/// The validity period of a certificate.
public struct Lifetime: Equatable, Sendable {
  /// How long before the time of issue validity begins, in seconds, for hosts whose clocks are slow.
  public static let backdate: Int64 = 86400
  /// The default validity of a root CA, in days. Two roots can be trusted at once, so it can be replaced in time.
  public static let rootDays = 3650
  /// The default validity of connector and listener certificates, in days.
  public static let days = 825
  /// The maximum validity that can be requested, in days.
  public static let maximumDays = 36500

  /// The first valid second, since the epoch.
  public var notBefore: Int64
  /// The last valid second, since the epoch.
  public var notAfter: Int64

  /// Creates a period in days from now.
  ///
  /// - Parameters:
  ///   - days: the number of days.
  ///   - now: the present time, in seconds since the epoch.
  ///   - spread: whether to subtract up to a tenth, at random, so that a fleet whose certificates were issued within an hour need not be
  ///     renewed within an hour.
  public init(days: Int, now: Int64, spread: Bool = false) {
    notBefore = now - Self.backdate
    let seconds = Int64(days) * 86400
    notAfter = now + seconds - (spread ? Int64.random(in: 0...(seconds / 10)) : 0)
  }

  /// Creates a period in seconds from now.
  ///
  /// - Parameter now: the present time, in seconds since the epoch.
  public init(seconds: Int64, now: Int64) {
    notBefore = now - Self.backdate
    notAfter = now + seconds
  }

  /// Limits the period to that of the issuer: after that, its signature is worthless.
  func cut(to issuer: Certificate) -> Lifetime {
    var lifetime = self
    lifetime.notBefore = max(notBefore, issuer.notBefore)
    lifetime.notAfter = min(notAfter, issuer.notAfter)
    return lifetime
  }

  var isEmpty: Bool { notAfter <= notBefore + Self.backdate }
}
