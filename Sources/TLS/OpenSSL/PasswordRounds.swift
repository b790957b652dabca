import COpenSSL

/// The number of iterations of password hashing needed to decrypt a file.
///
/// The file states the number, and it may state anything: 2^31 iterations would keep a reader busy for an hour.
public enum PasswordRounds {
  /// The maximum for one key or container.
  ///
  /// OWASP recommends 600,000, and five million take some seconds. For scrypt, the number is cost times block size times parallelism (RFC
  /// 7914).
  public static let limit: Int64 = 5_000_000

  /// Returns the iterations of an algorithm of PKCS#5 or PKCS#12 (RFC 8018, RFC 7292 appendix B); 0 if it has none.
  static func of(_ algorithm: UnsafePointer<X509_ALGOR>?) -> Int64 {
    guard let algorithm, let parameter = sequence(algorithm) else { return 0 }
    switch OBJ_obj2nid(algorithm.pointee.algorithm) {
    // PBMAC1 (RFC 9579) has the same form as PBES2.
    case NID_pbes2, NID_pbmac1:
      guard let scheme = decoded(parameter, d2i_PBE2PARAM) else { return 0 }
      defer { PBE2PARAM_free(scheme) }
      return of(scheme.pointee.keyfunc)
    case NID_id_pbkdf2:
      guard let scheme = decoded(parameter, d2i_PBKDF2PARAM) else { return 0 }
      defer { PBKDF2PARAM_free(scheme) }
      return number(scheme.pointee.iter)
    case NID_id_scrypt:
      guard let scheme = decoded(parameter, d2i_SCRYPT_PARAMS) else { return 0 }
      defer { SCRYPT_PARAMS_free(scheme) }
      let factors = [scheme.pointee.costParameter, scheme.pointee.blockSize, scheme.pointee.parallelizationParameter]
      return factors.map { number($0) }.reduce(1, product)
    default:
      guard let scheme = decoded(parameter, d2i_PBEPARAM) else { return 0 }
      defer { PBEPARAM_free(scheme) }
      return number(scheme.pointee.iter)
    }
  }

  /// Returns the sum, or `.max` if it overflows.
  static func sum(_ rounds: some Sequence<Int64>) -> Int64 {
    rounds.reduce(0) { sum, next in
      let (result, overflow) = sum.addingReportingOverflow(next)
      return overflow ? .max : result
    }
  }

  /// Returns the value of a number; an invalid one counts as `.max`.
  static func number(_ integer: UnsafePointer<ASN1_INTEGER>?) -> Int64 {
    guard let integer else { return 0 }
    var value: Int64 = 0
    guard ASN1_INTEGER_get_int64(&value, integer) == 1, value >= 0 else { return .max }
    return value
  }

  private static func product(_ one: Int64, _ other: Int64) -> Int64 {
    let (result, overflow) = one.multipliedReportingOverflow(by: other)
    return overflow ? .max : result
  }

  private static func sequence(_ algorithm: UnsafePointer<X509_ALGOR>) -> UnsafeBufferPointer<UInt8>? {
    guard let parameter = algorithm.pointee.parameter, parameter.pointee.type == V_ASN1_SEQUENCE,
      let string = parameter.pointee.value.sequence
    else { return nil }
    return UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
  }

  private static func decoded<Value>(
    _ bytes: UnsafeBufferPointer<UInt8>,
    _ decode: (
      UnsafeMutablePointer<UnsafeMutablePointer<Value>?>?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, Int
    ) -> UnsafeMutablePointer<Value>?
  ) -> UnsafeMutablePointer<Value>? {
    defer { ERR_clear_error() }
    var cursor = bytes.baseAddress
    return decode(nil, &cursor, bytes.count)
  }
}

extension PasswordRounds {
  /// Returns the iterations of an encrypted PKCS#8 key in PEM; 0 for anything else. The traditional encryption of PEM uses one.
  static func ofPEM(_ text: UnsafeRawBufferPointer) -> Int64 {
    defer { ERR_clear_error() }
    guard let bio = try? MemoryBIO(reading: text), let key = PEM_read_bio_PKCS8(bio.pointer, nil, nil, nil) else {
      return 0
    }
    defer { X509_SIG_free(key) }
    return ofKey(key)
  }

  /// Returns the iterations of an encrypted PKCS#8 key; 0 for anything else.
  static func ofPKCS8(_ der: UnsafeRawBufferPointer) -> Int64 {
    defer { ERR_clear_error() }
    var cursor = der.bindMemory(to: UInt8.self).baseAddress
    guard let key = d2i_X509_SIG(nil, &cursor, der.count) else { return 0 }
    defer { X509_SIG_free(key) }
    return ofKey(key)
  }

  /// Returns the iterations of everything visible in a container without its password: its MAC, and each part.
  static func of(container: OpaquePointer) -> Int64 {
    var (algorithm, count): (UnsafePointer<X509_ALGOR>?, UnsafePointer<ASN1_INTEGER>?)
    PKCS12_get0_mac(nil, &algorithm, nil, &count, container)
    return sum(
      [number(count), of(algorithm)]
        + parts(of: container) { part in
          isEncrypted(part)
            ? of(part.pointee.d.encrypted?.pointee.enc_data?.pointee.algorithm) : ofBags(PKCS12_unpack_p7data(part))
        })
  }

  /// Returns the iterations of the keys in a container's encrypted parts. Reading these parts takes their own iterations.
  static func ofHiddenKeys(in container: OpaquePointer, _ password: UnsafePointer<CChar>?, _ length: Int) -> Int64 {
    defer { ERR_clear_error() }
    return sum(
      parts(of: container) { part in
        isEncrypted(part) ? ofBags(PKCS12_unpack_p7encdata(part, password, Int32(length))) : 0
      })
  }

  private static func isEncrypted(_ part: UnsafeMutablePointer<PKCS7>) -> Bool {
    OBJ_obj2nid(part.pointee.type) == NID_pkcs7_encrypted
  }

  private static func parts(
    of container: OpaquePointer, _ rounds: (UnsafeMutablePointer<PKCS7>) -> Int64
  ) -> [Int64] {
    guard let parts = PKCS12_unpack_authsafes(container) else { return [] }
    defer { cssl_PKCS7_stack_free_all(parts) }
    return (0..<cssl_PKCS7_stack_count(parts)).compactMap { cssl_PKCS7_stack_at(parts, $0) }.map(rounds)
  }

  /// Takes ownership of the bags and frees them.
  private static func ofBags(_ bags: OpaquePointer?) -> Int64 {
    guard let bags else { return 0 }
    defer { cssl_SAFEBAG_stack_free_all(bags) }
    return ofAll(bags)
  }

  private static func ofAll(_ bags: OpaquePointer) -> Int64 {
    sum(
      (0..<cssl_SAFEBAG_stack_count(bags)).map { index in
        let bag = cssl_SAFEBAG_stack_at(bags, index)
        return switch PKCS12_SAFEBAG_get_nid(bag) {
        case NID_pkcs8ShroudedKeyBag: ofKey(PKCS12_SAFEBAG_get0_pkcs8(bag))
        case NID_safeContentsBag: PKCS12_SAFEBAG_get0_safes(bag).map(ofAll) ?? 0
        default: 0
        }
      })
  }

  private static func ofKey(_ key: OpaquePointer?) -> Int64 {
    guard let key else { return 0 }
    var algorithm: UnsafePointer<X509_ALGOR>?
    X509_SIG_get0(key, &algorithm, nil)
    return of(algorithm)
  }
}
