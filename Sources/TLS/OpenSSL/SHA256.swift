import COpenSSL

/// The SHA-256 digest (FIPS 180-4).
public enum SHA256 {
  /// Returns the digest of `bytes` in 64 lower-case hex digits.
  public static func hexadecimal(_ bytes: [UInt8]) -> String {
    var count: UInt32 = 0
    let digest = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, filled in
      let outcome = EVP_Digest(bytes, bytes.count, buffer.baseAddress, &count, EVP_sha256(), nil)
      filled = outcome == 1 ? Int(count) : 0
    }
    return Hexadecimal.text(digest)
  }
}
