import TestCertificates

/// A client, what it presents, and the result.
struct CredentialCase: Sendable {
  let name: String
  let presented: Presented
  /// Words from the log line; `nil` if the client is admitted.
  let refusal: String?

  /// The credentials with which the gate is tested.
  static func all() throws -> [CredentialCase] {
    let root = try SchedulerCertificates.make().root
    return try good(root) + strangers(root) + unfit(root)
  }

  private static func good(_ root: Credential) throws -> [CredentialCase] {
    let intermediate = try PKI.shared.intermediate("Intermediate CA", by: root)
    return try [
      ("RSA 2048", client("rsa", by: root) { $0.key = .rsa2048 }),
      ("P-256", client("p256", by: root) { _ in }),
      ("P-384", client("p384", by: root) { $0.key = .p384 }),
      ("Ed25519", client("ed25519", by: root) { $0.key = .ed25519 }),
      ("through an intermediate it sends", client("below", by: intermediate) { _ in }),
      ("no purpose named", client("any", by: root) { $0.role = .anyPurpose }),
    ].map { CredentialCase(name: $0.0, presented: Presented($0.1), refusal: nil) }
  }

  private static func strangers(_ root: Credential) throws -> [CredentialCase] {
    let other = try PKI.shared.root("Other Root CA")
    // It has the trusted root's name but not its key: issued certificates differ only in the signature.
    let pretender = try PKI.shared.issue(
      CertificateRecipe("/CN=End To End Root CA", .authority).with { $0.variant = 1 }, by: nil)
    let hidden = try client("hidden", by: try PKI.shared.intermediate("Hidden CA", by: root)) { _ in }
    let selfSigned = try PKI.shared.issue(CertificateRecipe("/CN=Executor Connector", .client), by: nil)
    return [
      CredentialCase(name: "none", presented: .nothing, refusal: "client presented no certificate"),
      CredentialCase(
        name: "self-signed", presented: Presented(selfSigned), refusal: "is self-signed and not an imported root"),
      CredentialCase(
        name: "of another root", presented: Presented(try client("other", by: other) { _ in }),
        refusal: "CN=Other Root CA is neither imported here nor sent"),
      CredentialCase(
        name: "of a root with the same name and another key",
        presented: Presented(try client("pretended", by: pretender) { _ in }),
        refusal: "an imported root has the name CN=End To End Root CA, but another key"),
      CredentialCase(
        name: "without the intermediate that issued it",
        presented: Presented(files: (hidden.certificatePath, hidden.keyPath)),
        refusal: "CN=Hidden CA is neither imported here nor sent"),
    ]
  }

  private static func unfit(_ root: Credential) throws -> [CredentialCase] {
    let leaf = try client("leaf", by: root) { _ in }
    return try [
      ("expired", client("expired", by: root) { ($0.notBefore, $0.notAfter) = (-10 * 86400, -3 * 86400) }, "expired"),
      (
        "not yet valid", client("early", by: root) { ($0.notBefore, $0.notAfter) = (86400, 30 * 86400) },
        "is not valid for another"
      ),
      (
        "for servers only", client("server", by: root) { $0.role = .server },
        "is not for clients"
      ),
      (
        "issued by a client's certificate", client("grandchild", by: leaf) { _ in },
        "which is not allowed to issue certificates"
      ),
      ("RSA 1024", client("short", by: root) { $0.key = .rsa1024 }, "too weak a key"),
      ("signed with SHA-1", client("sha1", by: root) { $0.digest = "sha1" }, "too weak a digest"),
      (
        "with an unknown critical extension",
        client("critical", by: root) { $0.extensions = ["1.2.3.4.5 = critical, ASN1:NULL"] },
        "has an unknown critical extension"
      ),
    ].map { CredentialCase(name: $0.0, presented: Presented($0.1), refusal: $0.2) }
  }

  private static func client(
    _ name: String, by issuer: Credential, _ change: (inout CertificateRecipe) -> Void
  ) throws -> Credential {
    try PKI.shared.issue(CertificateRecipe("/CN=\(name)", .client).with(change), by: issuer)
  }
}
