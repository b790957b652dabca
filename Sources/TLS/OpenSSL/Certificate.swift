import COpenSSL
import Values

/// An X.509 certificate (RFC 5280). Immutable; equal if the DER encodings are equal.
public final class Certificate: @unchecked Sendable {
  // OpenSSL protects the caches of an X509 with a lock, and this type changes nothing in it.
  package let pointer: OpaquePointer

  /// Takes ownership of one reference to `pointer`.
  package init(owning pointer: OpaquePointer) {
    self.pointer = pointer
    // Fills OpenSSL's cache of extensions, which the accessors need.
    X509_check_purpose(pointer, -1, 0)
  }

  /// Adds a reference to `pointer` and keeps it.
  package convenience init(sharing pointer: OpaquePointer) {
    X509_up_ref(pointer)
    self.init(owning: pointer)
  }

  deinit { X509_free(pointer) }

  /// Parses DER. Bytes after the certificate are an error.
  public convenience init(der: UnsafeRawBufferPointer) throws(OpenSSLError) {
    var cursor = der.bindMemory(to: UInt8.self).baseAddress
    let start = cursor
    ERR_clear_error()
    let pointer = try checked("read certificate", d2i_X509(nil, &cursor, der.count))
    guard let cursor, let start, cursor - start == der.count else {
      X509_free(pointer)
      throw OpenSSLError.own("read certificate", "extra bytes after the certificate")
    }
    self.init(owning: pointer)
  }

  /// Parses DER. Bytes after the certificate are an error.
  public convenience init(der: [UInt8]) throws(OpenSSLError) {
    let outcome: Result<Certificate, OpenSSLError> = der.withUnsafeBytes { bytes in
      do throws(OpenSSLError) { return .success(try Certificate(der: bytes)) } catch { return .failure(error) }
    }
    self.init(sharing: try outcome.get().pointer)
  }

  /// Parses a PEM block of the kind `certificate`. Ignores the trust settings of a `TRUSTED CERTIFICATE`.
  public convenience init(pem block: PEMBlock) throws(OpenSSLError) {
    let pointer = try block.text.withUnsafeBytes { text throws(OpenSSLError) in
      let bio = try MemoryBIO(reading: text)
      ERR_clear_error()
      return try checked("read certificate", PEM_read_bio_X509_AUX(bio.pointer, nil, { _, _, _, _ in -1 }, nil))
    }
    defer { X509_free(pointer) }
    try self.init(der: Self.der(pointer))
  }

  /// Returns all certificates of a PEM file, in order; ignores other blocks and text.
  ///
  /// - Parameter limit: the maximum number of blocks.
  /// - Throws: `PEMError`, or `OpenSSLError` for an unreadable certificate.
  public static func all(inPEM bytes: [UInt8], limit: Int = 1024) throws -> [Certificate] {
    try PEMBlock.all(in: bytes, limit: limit).filter { $0.kind == .certificate }.map { try Certificate(pem: $0) }
  }

  /// The DER encoding.
  public var der: [UInt8] { Self.der(pointer) }

  /// The certificate as a PEM block with a trailing newline.
  public var pem: String {
    // Writing to memory fails only if memory is exhausted.
    guard let bio = try? MemoryBIO(), PEM_write_bio_X509(bio.pointer, pointer) == 1 else { return "" }
    return bio.text()
  }

  /// SHA-256 of the DER encoding, computed on each call.
  public var sha256Thumbprint: Thumbprint { Thumbprint(digest: Self.digest(pointer, EVP_sha256())) ?? .unknown }

  /// SHA-1 of the DER encoding: 40 lower-case hex digits.
  public var sha1Thumbprint: String { Hexadecimal.text(Self.digest(pointer, EVP_sha1())) }

  static func der(_ pointer: OpaquePointer) -> [UInt8] {
    let count = i2d_X509(pointer, nil)
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      var cursor = buffer.baseAddress
      filled = Int(i2d_X509(pointer, &cursor))
    }
  }

  private static func digest(_ pointer: OpaquePointer, _ type: OpaquePointer?) -> [UInt8] {
    var count: UInt32 = 0
    return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, filled in
      filled = X509_digest(pointer, type, buffer.baseAddress, &count) == 1 ? Int(count) : 0
    }
  }
}

extension Certificate: Hashable {
  /// Returns whether the DER encodings are equal.
  public static func == (left: Certificate, right: Certificate) -> Bool {
    left.pointer == right.pointer || X509_cmp(left.pointer, right.pointer) == 0
  }

  /// Hashes the signature.
  public func hash(into hasher: inout Hasher) {
    var signature: UnsafePointer<ASN1_BIT_STRING>?
    X509_get0_signature(&signature, nil, pointer)
    guard let signature, let bytes = ASN1_STRING_get0_data(signature) else { return }
    hasher.combine(bytes: UnsafeRawBufferPointer(start: bytes, count: Int(ASN1_STRING_length(signature))))
  }
}

extension Certificate: CustomStringConvertible {
  /// Subject and the beginning of the SHA-256 thumbprint, for messages.
  public var description: String { "\(subject) (sha256 \(sha256Thumbprint.beginning))" }
}
