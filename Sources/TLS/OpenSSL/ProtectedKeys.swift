import COpenSSL
import SystemCalls

extension PrivateKey {
  /// The iterations of PBKDF2 with SHA-256 for a key in a PEM file, as recommended by OWASP.
  private static let rounds: Int32 = 600_000

  /// Returns PKCS#8 as a PEM block, encrypted with AES-256 and `password` (`BEGIN ENCRYPTED PRIVATE KEY`; RFC 5958, RFC 8018).
  public func encryptedPKCS8PEM(password: SecretBytes) throws(OpenSSLError) -> String {
    let operation = "encrypt private key"
    ERR_clear_error()
    let plain = try checked(operation, EVP_PKEY2PKCS8(pointer))
    defer { PKCS8_PRIV_KEY_INFO_free(plain) }
    let scheme = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), Self.rounds, nil, 0, nil, NID_hmacWithSHA256)
    let algorithm = try checked(operation, scheme)
    let sealed = password.withUnsafeBytes { bytes in
      // On success this takes ownership of the algorithm.
      PKCS8_set0_pbe(bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), plain, algorithm)
    }
    guard let sealed else {
      X509_ALGOR_free(algorithm)
      throw .take(operation)
    }
    defer { X509_SIG_free(sealed) }
    let bio = try MemoryBIO()
    try checked(operation, PEM_write_bio_PKCS8(bio.pointer, sealed))
    return bio.text()
  }
}

extension PKCS12 {
  /// The iterations for keys and for the container's MAC; Windows, Java and NSS accept them.
  private static let rounds: Int32 = 100_000

  /// Creates a container (RFC 7292), encrypted with AES-256 and authenticated with SHA-256.
  ///
  /// OpenSSL 3, Windows Server 2019, Java 8u301, NSS and later versions can read it.
  ///
  /// - Parameters:
  ///   - key: the key of `certificate`.
  ///   - chain: the certificate's issuers.
  ///   - name: the friendly name shown in dialogs.
  /// - Returns: DER.
  public static func container(
    key: PrivateKey, certificate: Certificate, chain: [Certificate], name: String, password: SecretBytes
  ) throws(OpenSSLError) -> [UInt8] {
    let operation = "write PKCS#12 container"
    ERR_clear_error()
    let made = CertificateStack.with(chain) { stack in
      terminated(password).withUnsafeBytes { bytes in
        PKCS12_create(
          bytes.bindMemory(to: CChar.self).baseAddress, name, key.pointer, certificate.pointer, stack, 0, 0, rounds,
          rounds, 0)
      }
    }
    let container = try checked(operation, made)
    defer { PKCS12_free(container) }
    let count = i2d_PKCS12(container, nil)
    try checked(operation, count)
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      var cursor = buffer.baseAddress
      filled = Int(i2d_PKCS12(container, &cursor))
    }
  }

  /// Returns a password as the C string that OpenSSL requires, also in locked memory.
  static func terminated(_ password: SecretBytes) -> SecretBytes {
    SecretBytes(count: password.count + 1) { target in
      password.withUnsafeBytes { target.copyMemory(from: $0) }
      target[password.count] = 0
    }
  }
}
