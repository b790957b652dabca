import COpenSSL

/// A request for a certificate (PKCS#10, RFC 2986). Immutable. What is in it is the asker's wish and no more.
public final class CertificateRequest: @unchecked Sendable {  // nothing changes the X509_REQ after `init`
  let pointer: OpaquePointer
  private static let operation = "read certificate request"

  /// Takes over one reference to `pointer`.
  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit { X509_REQ_free(pointer) }

  /// Reads DER. Bytes after the request are an error.
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

  /// Reads one PEM block whose label is `CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`.
  public convenience init(pem block: PEMBlock) throws(OpenSSLError) {
    ERR_clear_error()
    let pointer = try block.text.withUnsafeBytes { text throws(OpenSSLError) in
      let bio = try MemoryBIO(reading: text)
      return try checked(Self.operation, PEM_read_bio_X509_REQ(bio.pointer, nil, { _, _, _, _ in -1 }, nil))
    }
    self.init(owning: pointer)
  }

  /// Makes a request that is signed with the key it is for.
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

  /// A PEM block with a line end after it.
  public var pem: String {
    guard let bio = try? MemoryBIO(), PEM_write_bio_X509_REQ(bio.pointer, pointer) == 1 else { return "" }
    return bio.text()
  }
}

/// What a request says.
extension CertificateRequest {
  /// Whom the certificate is to be about, as RFC 4514 has it; empty if nobody is named.
  public var subject: String { DistinguishedName.text(X509_REQ_get_subject_name(pointer)) }

  /// All common names of the subject in the order of the encoding.
  public var commonNames: [String] { DistinguishedName.commonNames(X509_REQ_get_subject_name(pointer)) }

  /// The alternative names that are asked for; none where there is no such wish, nil where it cannot be read.
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

  /// The public key; nil where it cannot be read.
  public var publicKey: PublicKey? {
    defer { ERR_clear_error() }
    return X509_REQ_get_pubkey(pointer).map { PublicKey(owning: $0) }
  }

  /// Whether it is signed with the key it is for: whoever made it has that key.
  public var isSignedWithItsKey: Bool {
    defer { ERR_clear_error() }
    guard let key = X509_REQ_get0_pubkey(pointer) else { return false }
    return X509_REQ_verify(pointer, key) == 1
  }
}
