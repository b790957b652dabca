import COpenSSL

/// A PKCS#7 message of certificates and revocation lists without signatures ("certs-only"; RFC 5272 section 4.1, RFC 8551).
public enum CertificatesMessage {
  /// The maximum number of certificates read.
  public static let maximumCount = 32

  /// Returns the DER encoding of a message with these certificates.
  public static func der(_ certificates: [Certificate]) throws(OpenSSLError) -> [UInt8] {
    let operation = "write certificates"
    ERR_clear_error()
    let message = try checked(operation, PKCS7_new())
    defer { PKCS7_free(message) }
    try checked(operation, PKCS7_set_type(message, NID_pkcs7_signed))
    try checked(operation, PKCS7_content_new(message, NID_pkcs7_data))
    // Without content, as the format requires.
    PKCS7_ctrl(message, PKCS7_OP_SET_DETACHED_SIGNATURE, 1, nil)
    for certificate in certificates {
      try checked(operation, PKCS7_add_certificate(message, certificate.pointer))
    }
    let count = i2d_PKCS7(message, nil)
    try checked(operation, count)
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      var cursor = buffer.baseAddress
      filled = Int(max(i2d_PKCS7(message, &cursor), 0))
    }
  }

  /// The contents of a message, in its order.
  public typealias Contents = (certificates: [Certificate], revocationLists: [RevocationList])

  /// Returns the certificates of a message in DER. The caller must verify them.
  public static func certificates(inDER der: [UInt8]) throws(OpenSSLError) -> [Certificate] {
    try contents(inDER: der).certificates
  }

  /// Returns the contents of a message in DER. The caller must verify them.
  public static func contents(inDER der: [UInt8]) throws(OpenSSLError) -> Contents {
    ERR_clear_error()
    let (message, taken) = der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let message = d2i_PKCS7(nil, &cursor, bytes.count)
      return (message, cursor.map { $0 - (bytes.baseAddress ?? $0) })
    }
    defer { PKCS7_free(message) }
    let read = try checked(operation, message)
    guard taken == der.count else { throw .own(operation, "extra bytes after the message") }
    guard OBJ_obj2nid(read.pointee.type) == NID_pkcs7_signed, let content = read.pointee.d.sign else {
      throw .own(operation, "the message holds no certificates")
    }
    let certificates = CertificateStack.certificates(content.pointee.cert)
    let listCount = Int(cssl_X509_CRL_stack_count(content.pointee.crl))
    if max(certificates.count, listCount) > maximumCount {
      throw .own(operation, "more than \(maximumCount) certificates or revocation lists")
    }
    let lists = (0..<listCount).compactMap { cssl_X509_CRL_stack_at(content.pointee.crl, Int32($0)) }
    return (certificates, lists.map { RevocationList(sharing: $0) })
  }

  /// Returns the contents of a message in a PEM block with any label. The caller must verify them.
  public static func contents(inPEM block: PEMBlock) throws(OpenSSLError) -> Contents {
    let der = try block.text.withUnsafeBytes { text throws(OpenSSLError) -> [UInt8] in
      let bio = try MemoryBIO(reading: text)
      var (name, header): (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?)
      var (data, count): (UnsafeMutablePointer<UInt8>?, Int) = (nil, 0)
      ERR_clear_error()
      try checked(operation, PEM_read_bio(bio.pointer, &name, &header, &data, &count))
      defer { for pointer in [name, header] { CRYPTO_free(pointer, #file, #line) } }
      defer { CRYPTO_free(data, #file, #line) }
      return Array(UnsafeBufferPointer(start: data, count: count))
    }
    return try contents(inDER: der)
  }

  private static let operation = "read certificates"
}
