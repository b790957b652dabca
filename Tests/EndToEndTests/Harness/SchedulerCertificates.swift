import SystemCalls
import TestCertificates

/// The certificates of a scheduler: a root CA, a connector certificate, and the bundle exported for its agent.
struct SchedulerCertificates: Sendable {
  let root: TestCertificates.Credential
  let connector: Presented
  let listener: TestCertificates.Credential
  /// The listener's certificate, its key encrypted with `password`, and the root, in PEM.
  let bundle: String

  /// The password of the private key in `bundle`.
  static let password = "correct horse battery staple"

  var rootPath: String { root.certificatePath }

  /// The SHA-256 thumbprint, as shown by configuration and programs.
  var listenerThumbprint: String { get throws { try thumbprint("-sha256") } }
  /// The SHA-1 thumbprint, as shown by the scheduler's tools.
  var listenerThumbprintSHA1: String { get throws { try thumbprint("-sha1") } }

  /// Returns the certificates of a scheduler that all tests share.
  ///
  /// - Parameter key: the kind of the listener's key.
  static func make(listenerKey key: CertificateRecipe.Key = .p256) throws -> SchedulerCertificates {
    let root = try PKI.shared.root("End To End Root CA")
    let listener = try PKI.shared.issue(
      CertificateRecipe("/CN=AGENT01", .server).with {
        $0.key = key
        $0.notAfter = 90 * 86400
        $0.extensions = ["subjectAltName = DNS:agent01, DNS:localhost"]
        // NSS requires it of an RSA server, and CAs grant it, even if nothing is encrypted with the key.
        if key == .rsa2048 || key == .rsa3072 {
          $0.extensions.append("keyUsage = critical, digitalSignature, keyEncipherment")
        }
      }, by: root)
    let key = try PKI.shared.openssl("pkey", "-in", listener.keyPath, "-aes256", "-passout", "pass:\(password)")
    return SchedulerCertificates(
      root: root, connector: Presented(try PKI.shared.client("Executor Connector", by: root)), listener: listener,
      bundle: try listener.certificatePEM + key + root.certificatePEM)
  }

  private func thumbprint(_ digest: String) throws -> String {
    let answer = try PKI.shared.openssl("x509", "-in", listener.certificatePath, "-noout", "-fingerprint", digest)
    return answer.drop { $0 != "=" }.dropFirst().filter(\.isHexDigit)
  }
}

/// The certificates that a client presents on request; none if `files` is nil.
struct Presented: Sendable {
  let files: (chain: String, key: String)?

  static let nothing = Presented(files: nil)

  /// Presents a certificate with its issuers below the root.
  init(_ credential: Credential) { files = (credential.chainPath, credential.keyPath) }

  init(files: (chain: String, key: String)?) { self.files = files }

  var curlArguments: [String] { files.map { ["--cert", $0.chain, "--key", $0.key] } ?? [] }
}
