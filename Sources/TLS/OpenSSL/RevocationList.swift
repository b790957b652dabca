import COpenSSL
import Values

/// A certificate revocation list (RFC 5280 section 5). Immutable.
public final class RevocationList: @unchecked Sendable {  // OpenSSL protects the caches of an X509_CRL with a lock
  package let pointer: OpaquePointer

  /// Takes ownership of one reference to `pointer`.
  package init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  /// Adds a reference to `pointer` and keeps it.
  convenience init(sharing pointer: OpaquePointer) {
    X509_CRL_up_ref(pointer)
    self.init(owning: pointer)
  }

  deinit { X509_CRL_free(pointer) }

  /// Parses DER.
  public convenience init(der: UnsafeRawBufferPointer) throws(OpenSSLError) {
    var cursor = der.bindMemory(to: UInt8.self).baseAddress
    ERR_clear_error()
    self.init(owning: try checked("read revocation list", d2i_X509_CRL(nil, &cursor, der.count)))
  }

  /// Parses a PEM block of the kind `revocationList`.
  public convenience init(pem block: PEMBlock) throws(OpenSSLError) {
    let pointer = try block.text.withUnsafeBytes { text throws(OpenSSLError) in
      let bio = try MemoryBIO(reading: text)
      ERR_clear_error()
      let crl = PEM_read_bio_X509_CRL(bio.pointer, nil, { _, _, _, _ in -1 }, nil)
      return try checked("read revocation list", crl)
    }
    self.init(owning: pointer)
  }

  /// The issuer name as in RFC 4514.
  public var issuer: String { DistinguishedName.text(X509_CRL_get_issuer(pointer)) }

  /// When it was issued, in seconds since the epoch. A malformed time counts as not yet valid.
  public var thisUpdate: Int64 { ASN1Text.seconds(X509_CRL_get0_lastUpdate(pointer)) ?? .max }

  /// When the next list is due, in seconds since the epoch; `nil` if the list does not say.
  public var nextUpdate: Int64? { ASN1Text.seconds(X509_CRL_get0_nextUpdate(pointer)) }

  /// Returns how long before a list is due its administrator is warned: the last third of its time.
  ///
  /// - Parameters:
  ///   - begin: when it was issued, in seconds since the epoch.
  ///   - end: when the next one is due.
  public static func notice(begin: Int64, end: Int64) -> Int64 {
    let (time, overflow) = end.subtractingReportingOverflow(begin)
    return overflow ? 0 : max(time, 0) / 3
  }

  /// The CRL number in lower-case hex digits; `nil` if there is none.
  public var number: String? {
    guard let raw = X509_CRL_get_ext_d2i(pointer, NID_crl_number, nil, nil) else { return nil }
    let number = raw.assumingMemoryBound(to: ASN1_INTEGER.self)
    defer { ASN1_INTEGER_free(number) }
    return ASN1Text.hexadecimal(number)
  }

  /// Returns when this list revokes `certificate`, in seconds since the epoch; `nil` if it does not.
  public func revocation(of certificate: Certificate) -> Int64? {
    var entry: OpaquePointer?
    guard X509_CRL_get0_by_cert(pointer, &entry, certificate.pointer) == 1, let entry else { return nil }
    return ASN1Text.seconds(X509_REVOKED_get0_revocationDate(entry)) ?? 0
  }

  /// Sorts the entries, once, for `revocation(of:)`, which otherwise does so in its first call.
  public func sort() {
    guard let number = ASN1_INTEGER_new() else { return }
    defer { ASN1_INTEGER_free(number) }
    var entry: OpaquePointer?
    X509_CRL_get0_by_serial(pointer, &entry, number)
  }

  /// The number of revoked certificates.
  public var revokedCount: Int { Int(cssl_X509_REVOKED_stack_count(X509_CRL_get_REVOKED(pointer))) }

  /// The revoked certificates. A malformed time counts as the epoch, so that the certificate remains revoked.
  public var entries: [Entry] {
    let stack = X509_CRL_get_REVOKED(pointer)
    return (0..<cssl_X509_REVOKED_stack_count(stack)).compactMap { index in
      guard let entry = cssl_X509_REVOKED_stack_value(stack, index) else { return nil }
      return Entry(
        serialNumber: ASN1Text.hexadecimal(X509_REVOKED_get0_serialNumber(entry)),
        since: ASN1Text.seconds(X509_REVOKED_get0_revocationDate(entry)) ?? 0)
    }
  }

  /// SHA-256 of the DER encoding.
  public var sha256Thumbprint: Thumbprint { Thumbprint(digest: digest(EVP_sha256())) ?? .unknown }

  /// SHA-1 of the DER encoding: 40 lower-case hex digits.
  public var sha1Thumbprint: String { Hexadecimal.text(digest(EVP_sha1())) }

  private func digest(_ type: OpaquePointer?) -> [UInt8] {
    var count: UInt32 = 0
    return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, filled in
      filled = X509_CRL_digest(pointer, type, buffer.baseAddress, &count) == 1 ? Int(count) : 0
    }
  }

  /// Returns whether `issuer` signed this list: the names are equal and the signature is valid.
  public func isIssued(by issuer: Certificate) -> Bool {
    defer { ERR_clear_error() }
    guard X509_NAME_cmp(X509_CRL_get_issuer(pointer), X509_get_subject_name(issuer.pointer)) == 0,
      let key = X509_get0_pubkey(issuer.pointer)
    else { return false }
    return X509_CRL_verify(pointer, key) == 1
  }

  /// The list in DER.
  public var der: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Int(max(i2d_X509_CRL(pointer, nil), 0))) { buffer, filled in
      var cursor = buffer.baseAddress
      filled = Int(max(i2d_X509_CRL(pointer, &cursor), 0))
    }
  }

  /// The list as a PEM block with a trailing newline.
  public var pem: String {
    // Writing to memory fails only if memory is exhausted.
    guard let bio = try? MemoryBIO(), PEM_write_bio_X509_CRL(bio.pointer, pointer) == 1 else { return "" }
    return bio.text()
  }
}
