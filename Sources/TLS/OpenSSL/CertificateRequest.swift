import COpenSSL

/// A certificate request (PKCS#10, RFC 2986). Immutable. Its contents are only what the requester asks for.
public final class CertificateRequest: @unchecked Sendable {  // nothing changes the X509_REQ after `init`
  let pointer: OpaquePointer
  private static let operation = "read certificate request"

  /// Takes ownership of one reference to `pointer`.
  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit { X509_REQ_free(pointer) }

  /// Parses DER. Bytes after the request are an error.
  public convenience init(der: [UInt8]) throws(OpenSSLError) {
    ERR_clear_error()
    let (pointer, taken) = der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let pointer = d2i_X509_REQ(nil, &cursor, bytes.count)
      return (pointer, cursor.map { $0 - (bytes.baseAddress ?? $0) })
    }
    let read = try checked(Self.operation, pointer)
    guard taken == der.count else {
      X509_REQ_free(read)
      throw OpenSSLError.own(Self.operation, "extra bytes after the request")
    }
    self.init(owning: read)
  }

  /// Parses a PEM block labelled `CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`.
  public convenience init(pem block: PEMBlock) throws(OpenSSLError) {
    ERR_clear_error()
    let pointer = try block.text.withUnsafeBytes { text throws(OpenSSLError) in
      let bio = try MemoryBIO(reading: text)
      return try checked(Self.operation, PEM_read_bio_X509_REQ(bio.pointer, nil, { _, _, _, _ in -1 }, nil))
    }
    self.init(owning: pointer)
  }

  /// Creates a request, signed with the key that it is for.
  ///
  /// - Parameter commonName: 1 to 64 characters.
  public static func make(
    commonName: String, alternativeNames: [AlternativeName], key: PrivateKey
  ) throws(OpenSSLError) -> CertificateRequest {
    let operation = "make certificate request"
    ERR_clear_error()
    let request = CertificateRequest(owning: try checked(operation, X509_REQ_new()))
    try checked(operation, X509_REQ_set_version(request.pointer, Int(X509_REQ_VERSION_1)))
    try DistinguishedName.add(commonName: commonName, to: X509_REQ_get_subject_name(request.pointer), operation)
    if !alternativeNames.isEmpty { try request.ask(for: alternativeNames, operation) }
    try checked(operation, X509_REQ_set_pubkey(request.pointer, key.pointer))
    try checked(operation, X509_REQ_sign(request.pointer, key.pointer, key.signatureDigest))
    return request
  }

  private func ask(for names: [AlternativeName], _ operation: String) throws(OpenSSLError) {
    let list = try GeneralNames()
    for name in names { try list.add(name) }
    var extensions: OpaquePointer?
    defer { cssl_X509_EXTENSION_stack_free_all(extensions) }
    try checked(operation, X509V3_add1_i2d(&extensions, NID_subject_alt_name, list.raw, 0, 0))
    try checked(operation, X509_REQ_add_extensions(pointer, extensions))
  }

  /// The DER encoding.
  public var der: [UInt8] {
    let count = i2d_X509_REQ(pointer, nil)
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      var cursor = buffer.baseAddress
      filled = Int(i2d_X509_REQ(pointer, &cursor))
    }
  }

  /// The request as a PEM block with a trailing newline.
  public var pem: String {
    guard let bio = try? MemoryBIO(), PEM_write_bio_X509_REQ(bio.pointer, pointer) == 1 else { return "" }
    return bio.text()
  }
}

/// The contents of a request.
extension CertificateRequest {
  /// The requested subject as in RFC 4514; may be empty.
  public var subject: String { DistinguishedName.text(X509_REQ_get_subject_name(pointer)) }

  /// All common names of the subject, in the order of the encoding.
  public var commonNames: [String] { DistinguishedName.commonNames(X509_REQ_get_subject_name(pointer)) }

  /// The requested alternative names; empty if there are none, `nil` if they are unreadable.
  public var alternativeNames: [AlternativeName]? {
    defer { ERR_clear_error() }
    guard let extensions = X509_REQ_get_extensions(pointer) else { return [] }
    defer { cssl_X509_EXTENSION_stack_free_all(extensions) }
    var state: Int32 = 0
    guard let raw = X509V3_get_d2i(extensions, NID_subject_alt_name, &state, nil) else { return state == -1 ? [] : nil }
    let names = OpaquePointer(raw)
    defer { GENERAL_NAMES_free(names) }
    return AlternativeName.all(in: names)
  }

  /// The public key; `nil` if it is unreadable.
  public var publicKey: PublicKey? {
    defer { ERR_clear_error() }
    return X509_REQ_get_pubkey(pointer).map { PublicKey(owning: $0) }
  }

  /// Whether it is signed with the key that it is for, which proves that the requester has that key.
  public var isSignedWithItsKey: Bool {
    defer { ERR_clear_error() }
    guard let key = X509_REQ_get0_pubkey(pointer) else { return false }
    return X509_REQ_verify(pointer, key) == 1
  }
}
