/// The properties of a certificate. Equal recipes give the same certificate within one test run.
public struct CertificateRecipe: Hashable, Sendable {
  /// The purpose of a certificate, which determines its extensions.
  public enum Role: Hashable, Sendable {
    /// A CA; a root if it has no issuer.
    case authority
    /// A client: extended key usage clientAuth.
    case client
    /// A server: extended key usage serverAuth.
    case server
    /// Neither: no extended key usage.
    case anyPurpose
    /// Both server and client.
    case both
    /// Only the extensions in `extensions`.
    case bare
  }

  /// Kinds of keys.
  public enum Key: String, Hashable, Sendable, CaseIterable {
    case p192, p224, brainpool, secp256k1, p256, p384, p521, ed25519, ed448, rsa1024, rsa2048, rsa3072, rsaPSS
    /// P-256 with explicit curve parameters instead of the curve's name.
    case p256Explicit
  }

  /// The subject in the form of openssl(1), for example `/CN=client/O=Example`.
  public var subject: String
  /// The purpose.
  public var role: Role
  /// The kind of key.
  public var key = Key.p256
  /// The beginning of validity, in seconds from now.
  public var notBefore = -3600
  /// The end of validity, in seconds from now.
  public var notAfter = 30 * 86400
  /// Further lines of an OpenSSL extension section, for example `subjectAltName = DNS:a.example`.
  public var extensions: [String] = []
  /// The digest of the issuer's signature; ignored for EdDSA.
  public var digest = "sha256"
  /// Two recipes that differ only in this give two certificates with the same contents and different keys.
  public var variant = 0

  /// Creates a recipe with defaults for everything else.
  public init(_ subject: String, _ role: Role) {
    self.subject = subject
    self.role = role
  }

  /// Returns a copy with changes.
  public func with(_ change: (inout CertificateRecipe) -> Void) -> CertificateRecipe {
    var copy = self
    change(&copy)
    return copy
  }

  var extensionLines: [String] {
    let identifiers = ["subjectKeyIdentifier = hash", "authorityKeyIdentifier = keyid"]
    let basic =
      switch role {
      case .authority:
        ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"] + identifiers
      case .client: leaf + identifiers + ["extendedKeyUsage = clientAuth"]
      case .server: leaf + identifiers + ["extendedKeyUsage = serverAuth"]
      case .both: leaf + identifiers + ["extendedKeyUsage = serverAuth, clientAuth"]
      case .anyPurpose: leaf + identifiers
      case .bare: [String]()
      }
    // A line in the recipe replaces the role's line for the same extension.
    let own = Set(extensions.map(Self.name))
    return basic.filter { !own.contains(Self.name($0)) } + extensions
  }

  private var leaf: [String] { ["basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature"] }

  private static func name(_ line: String) -> Substring { line.prefix { $0 != " " && $0 != "=" } }

  var keyArguments: [String] {
    switch key {
    case .p192: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime192v1"]
    case .p224: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp224r1"]
    case .brainpool: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"]
    case .secp256k1: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]
    case .p256Explicit:
      ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
    case .p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    case .p384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]
    case .p521: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]
    case .ed25519: ["-algorithm", "ED25519"]
    case .ed448: ["-algorithm", "ED448"]
    case .rsa1024: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]
    case .rsa2048: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    case .rsa3072: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]
    case .rsaPSS: ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]
    }
  }
}
