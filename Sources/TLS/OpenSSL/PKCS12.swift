import COpenSSL
import SystemCalls

/// The contents of a PKCS#12 container (`.p12`, `.pfx`; RFC 7292).
public struct PKCS12: Sendable {
  /// The private key, if any.
  public let key: PrivateKey?
  /// The key's own certificate, then the others in the order of the container.
  public let certificates: [Certificate]

  /// Reads a container.
  ///
  /// - Parameter password: if `nil`, the empty password is tried.
  public init(der: UnsafeRawBufferPointer, password: SecretBytes? = nil) throws(PKCS12Error) {
    ERR_clear_error()
    var cursor = der.bindMemory(to: UInt8.self).baseAddress
    guard let container = d2i_PKCS12(nil, &cursor, der.count) else {
      throw .notPKCS12(.take("read PKCS#12 container"))
    }
    defer { PKCS12_free(container) }
    let parts = try Self.unlock(container, password: password)
    key = parts.key
    certificates = parts.certificates
  }

  /// Returns whether `der` has the outer form of a container, whatever its password.
  public static func isContainer(_ der: UnsafeRawBufferPointer) -> Bool {
    defer { ERR_clear_error() }
    var cursor = der.bindMemory(to: UInt8.self).baseAddress
    guard let container = d2i_PKCS12(nil, &cursor, der.count) else { return false }
    PKCS12_free(container)
    return true
  }
}

/// Why a PKCS#12 container could not be read.
public enum PKCS12Error: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes are not a container, or they are damaged.
  case notPKCS12(OpenSSLError)
  /// The container has a password and none was given.
  case passwordNeeded
  /// The password does not open the container.
  case wrongPassword
  /// Opening it would take this many iterations of password hashing, more than `PasswordRounds.limit`.
  case tooManyRounds(Int64)
  /// OpenSSL does not have the algorithm that protects the container's integrity (its name), so no password can be checked.
  case unknownProtection(String)
  /// It is a container, but its contents are unreadable.
  case unreadable(OpenSSLError)

  /// One line without the file's name.
  public var description: String {
    switch self {
    case .notPKCS12(let error), .unreadable(let error): error.description
    case .passwordNeeded: "the PKCS#12 container needs its password"
    case .wrongPassword: "wrong password for the PKCS#12 container"
    case .unknownProtection(let algorithm): "the PKCS#12 container is protected by \(algorithm), which is not supported"
    case .tooManyRounds(let count): "the PKCS#12 container asks for \(count) iterations of password hashing"
    }
  }
}

extension PKCS12 {
  private typealias Parts = (key: PrivateKey?, certificates: [Certificate])

  private static func unlock(_ container: OpaquePointer, password: SecretBytes?) throws(PKCS12Error) -> Parts {
    let terminated = password.map(terminated)
    try checkRounds(container, terminated)
    var (parts, error) = parse(container, terminated)
    if parts == nil, error.isUnsupportedAlgorithm, OSSL_PROVIDER_try_load(nil, "legacy", 1) != nil {
      // For years Windows made containers with RC2, which only the legacy provider has.
      (parts, error) = parse(container, terminated)
    }
    if let parts { return parts }
    if error.contains(library: Int32(ERR_LIB_PKCS12), reason: Int32(PKCS12_R_UNKNOWN_DIGEST_ALGORITHM)) {
      throw .unknownProtection(protection(of: container))
    }
    guard error.contains(library: Int32(ERR_LIB_PKCS12), reason: Int32(PKCS12_R_MAC_VERIFY_FAILURE)) else {
      throw .unreadable(error)
    }
    throw password == nil ? .passwordNeeded : .wrongPassword
  }

  /// Returns the name of the algorithm of the MAC: PBMAC1 (RFC 9579), or a digest.
  private static func protection(of container: OpaquePointer) -> String {
    var algorithm: UnsafePointer<X509_ALGOR>?
    PKCS12_get0_mac(nil, &algorithm, nil, nil, container)
    guard let algorithm else { return "an unknown algorithm" }
    var name = [CChar](repeating: 0, count: 80)
    OBJ_obj2txt(&name, Int32(name.count), algorithm.pointee.algorithm, 0)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func checkRounds(_ container: OpaquePointer, _ password: SecretBytes?) throws(PKCS12Error) {
    var rounds = PasswordRounds.of(container: container)
    if rounds <= PasswordRounds.limit {
      rounds =
        password?.withUnsafeBytes { bytes in
          PasswordRounds.ofHiddenKeys(
            in: container, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count - 1)
        } ?? PasswordRounds.ofHiddenKeys(in: container, nil, 0)
    }
    if rounds > PasswordRounds.limit { throw .tooManyRounds(rounds) }
  }

  private static func parse(_ container: OpaquePointer, _ password: SecretBytes?) -> (Parts?, OpenSSLError) {
    var key: OpaquePointer?
    var certificate: OpaquePointer?
    var others: OpaquePointer?
    ERR_clear_error()
    let outcome: Int32
    if let password {
      outcome = password.withUnsafeBytes { bytes in
        PKCS12_parse(container, bytes.bindMemory(to: CChar.self).baseAddress, &key, &certificate, &others)
      }
    } else {
      outcome = PKCS12_parse(container, nil, &key, &certificate, &others)
    }
    guard outcome == 1 else { return (nil, .take("read PKCS#12 container")) }
    defer { cssl_X509_stack_free_all(others) }
    let first = certificate.map { [Certificate(owning: $0)] } ?? []
    return ((key.map { PrivateKey(owning: $0) }, first + CertificateStack.certificates(others)), .take(""))
  }
}
