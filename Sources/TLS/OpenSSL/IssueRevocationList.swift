import COpenSSL

extension RevocationList {
  /// A revoked certificate.
  public struct Entry: Equatable, Sendable {
    /// The serial number in hex digits.
    public var serialNumber: String
    /// When it was revoked, in seconds since the epoch.
    public var since: Int64

    public init(serialNumber: String, since: Int64) {
      self.serialNumber = serialNumber
      self.since = since
    }
  }

  /// Issues a list (RFC 5280 section 5.1).
  ///
  /// - Parameters:
  ///   - number: must be greater than that of every earlier list from this issuer.
  ///   - thisUpdate: seconds since the epoch.
  ///   - nextUpdate: when the next list is due, in seconds since the epoch.
  public static func issue(
    _ entries: [Entry], number: UInt64, thisUpdate: Int64, nextUpdate: Int64, by issuer: Certificate.Issuer
  ) throws(OpenSSLError) -> RevocationList {
    ERR_clear_error()
    let list = RevocationList(owning: try checked(operation, X509_CRL_new()))
    try checked(operation, X509_CRL_set_version(list.pointer, 1))
    try checked(
      operation, X509_CRL_set_issuer_name(list.pointer, X509_get_subject_name(issuer.certificate.pointer)))
    try ASN1Time.with(thisUpdate) { time throws(OpenSSLError) in
      try checked(operation, X509_CRL_set1_lastUpdate(list.pointer, time))
    }
    try ASN1Time.with(nextUpdate) { time throws(OpenSSLError) in
      try checked(operation, X509_CRL_set1_nextUpdate(list.pointer, time))
    }
    for entry in entries { try list.add(entry) }
    try list.addExtensions(number, issuer.certificate)
    try checked(operation, X509_CRL_sort(list.pointer))
    try checked(operation, X509_CRL_sign(list.pointer, issuer.key.pointer, issuer.key.signatureDigest))
    return try list.readBack()
  }

  private static let operation = "issue revocation list"
  private var operation: String { Self.operation }

  private func add(_ entry: Entry) throws(OpenSSLError) {
    guard let serial = Hexadecimal.bytes(entry.serialNumber) else {
      throw .own(operation, "\(entry.serialNumber.debugDescription) is not a serial number")
    }
    let revoked = try checked(operation, X509_REVOKED_new())
    var isTaken = false
    defer { if !isTaken { X509_REVOKED_free(revoked) } }
    try SerialNumber.with(serial) { number throws(OpenSSLError) in
      try checked(operation, X509_REVOKED_set_serialNumber(revoked, number))
    }
    try ASN1Time.with(entry.since) { time throws(OpenSSLError) in
      try checked(operation, X509_REVOKED_set_revocationDate(revoked, time))
    }
    try checked(operation, X509_CRL_add0_revoked(pointer, revoked))
    isTaken = true
  }

  private func addExtensions(_ number: UInt64, _ issuer: Certificate) throws(OpenSSLError) {
    let bytes = withUnsafeBytes(of: number.bigEndian) { Array($0) }
    try SerialNumber.with(bytes) { encoded throws(OpenSSLError) in
      try checked(operation, X509_CRL_add1_ext_i2d(pointer, NID_crl_number, encoded, 0, 0))
    }
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer.pointer, nil, nil, pointer, 0)
    let key = try checked(
      operation, X509V3_EXT_conf_nid(nil, &context, NID.authorityKeyIdentifier, "keyid:always"))
    defer { X509_EXTENSION_free(key) }
    try checked(operation, X509_CRL_add_ext(pointer, key, -1))
  }

  /// Parses the signed list again: OpenSSL's object lacks what parsing fills in.
  private func readBack() throws(OpenSSLError) -> RevocationList {
    let der = der
    let result: Result<RevocationList, OpenSSLError> = der.withUnsafeBytes { bytes in
      do throws(OpenSSLError) { return .success(try RevocationList(der: bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
