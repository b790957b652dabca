import Glibc
import Synchronization
import SystemCalls
import TestSupport

/// Creates certificates for tests with the `openssl` program, each recipe once per test run, with dates relative to now.
///
///     let root = try PKI.shared.root("Example Root")
///     let client = try PKI.shared.client("connector", by: root)
///     client.chainPath, client.keyPath, root.certificatePath
public final class PKI: Sendable {
  /// The instance of this test run; its files are removed when the process exits.
  public static let shared = PKI()

  /// The folder of all files.
  public let folder: String
  private let made = Mutex<[Key: Credential]>([:])
  private let serial = Atomic<Int>(0)

  private struct Key: Hashable {
    let recipe: CertificateRecipe
    let issuer: String?
  }

  private init() {
    var template = Array("/tmp/agentd-pki.XXXXXX".utf8CString)
    folder = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    atexit { TemporaryFolder.remove(PKI.shared.folder) }
  }

  /// Creates a self-signed root CA.
  public func root(_ name: String = "Test Root") throws -> Credential {
    try issue(CertificateRecipe("/CN=\(name)", .authority), by: nil)
  }

  /// Creates a CA below another.
  public func intermediate(_ name: String, by issuer: Credential) throws -> Credential {
    try issue(CertificateRecipe("/CN=\(name)", .authority), by: issuer)
  }

  /// Creates a client certificate.
  public func client(_ name: String, by issuer: Credential) throws -> Credential {
    try issue(CertificateRecipe("/CN=\(name)", .client), by: issuer)
  }

  /// Creates a server certificate for `localhost`, 127.0.0.1 and ::1.
  public func server(_ name: String = "localhost", by issuer: Credential) throws -> Credential {
    try issue(
      CertificateRecipe("/CN=\(name)", .server).with {
        $0.extensions = ["subjectAltName = DNS:\(name), DNS:localhost, IP:127.0.0.1, IP:::1"]
      }, by: issuer)
  }

  /// Creates a certificate from `recipe`, signed by `issuer`, or self-signed if that is nil.
  public func issue(_ recipe: CertificateRecipe, by issuer: Credential?) throws -> Credential {
    try made.withLock { made in
      let key = Key(recipe: recipe, issuer: issuer?.folder)
      if let credential = made[key] { return credential }
      let credential = try make(recipe, issuer)
      made[key] = credential
      return credential
    }
  }

  /// Creates a certificate with the key of `other`, a new one in each call: renewed, or from another issuer.
  public func issue(
    _ recipe: CertificateRecipe, by issuer: Credential?, withKeyOf other: Credential
  ) throws -> Credential {
    try make(recipe, issuer, keyPath: other.keyPath)
  }

  /// Runs `openssl` in this PKI's folder; it must succeed.
  @discardableResult
  public func openssl(_ arguments: String...) throws -> String {
    try OpenSSLTool.run(arguments, scratch: folder)
  }

  /// Creates a folder below this PKI's.
  public func scratchFolder() throws -> String {
    let path = "\(folder)/\(serial.add(1, ordering: .relaxed).newValue)"
    try Folder.make(path, mode: 0o700)
    return path
  }

  private func make(
    _ recipe: CertificateRecipe, _ issuer: Credential?, keyPath: String? = nil
  ) throws -> Credential {
    let credential = Credential(folder: try scratchFolder(), issuer: issuer)
    let folder = credential.folder
    let now = time(nil)
    if let keyPath {
      try OpenSSLTool.run(["pkey", "-in", keyPath, "-out", credential.keyPath], scratch: folder)
    } else {
      try OpenSSLTool.run(["genpkey", "-out", credential.keyPath] + recipe.keyArguments, scratch: folder)
    }
    let configuration = try Database.write(in: folder, extensions: recipe.extensionLines)
    try OpenSSLTool.run(
      ["req", "-new", "-config", configuration, "-utf8", "-key", credential.keyPath, "-subj", recipe.subject]
        + ["-out", "\(folder)/request.pem"], scratch: folder)
    let signer = issuer ?? credential
    let edwards = try OpenSSLTool.run(["pkey", "-in", signer.keyPath, "-noout", "-text"], scratch: folder)
      .hasPrefix("ED")
    var sign = ["ca", "-config", configuration, "-batch", "-notext", "-utf8", "-in", "\(folder)/request.pem"]
    sign += ["-out", credential.certificatePath, "-keyfile", signer.keyPath, "-preserveDN"]
    sign += ["-md", edwards ? "null" : recipe.digest, "-extensions", "extensions"]
    sign += ["-startdate", ASN1Time.text(now + recipe.notBefore), "-enddate", ASN1Time.text(now + recipe.notAfter)]
    sign += issuer.map { ["-cert", $0.certificatePath] } ?? ["-selfsign"]
    try OpenSSLTool.run(sign, scratch: folder)
    try credential.writeChainFiles()
    return credential
  }
}
