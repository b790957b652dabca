/// The limits of the store. They are far above any real use, and keep a listener's material below the 32 MiB that fit in one frame of the
/// link.
public enum StoreLimits {
  /// The maximum number of objects of one kind.
  public static let objects = 1000
  /// The maximum size of a certificate or key in PEM, in bytes.
  public static let objectBytes = 64 << 10
  /// The maximum size of a revocation list in PEM, in bytes: some 250,000 entries.
  public static let revocationListBytes = 16 << 20
  /// The maximum size of all certificates, roots and revocation lists together, in bytes.
  public static let totalBytes = 24 << 20
  /// The maximum size of the store's public contents in a message to the listener: in JSON, line ends and slashes are longer.
  public static let bytesOnLink = totalBytes + totalBytes / 16

  static func bytes(of kind: StoreKind) -> Int {
    kind == .revocationLists ? revocationListBytes : objectBytes
  }
}
