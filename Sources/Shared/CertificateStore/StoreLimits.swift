/// How much the store holds. The figures are far above any real use and keep a listener's material below the
/// 4 MiB that fit into one frame of the link.
public enum StoreLimits {
  /// Objects of one kind.
  public static let objects = 1000
  /// Bytes of one certificate or key in PEM.
  public static let objectBytes = 64 << 10
  /// Bytes of one revocation list in PEM.
  public static let revocationListBytes = 2 << 20
  /// Bytes of all certificates, roots and revocation lists together.
  public static let totalBytes = 3 << 20

  static func bytes(of kind: StoreKind) -> Int {
    kind == .revocationLists ? revocationListBytes : objectBytes
  }
}
