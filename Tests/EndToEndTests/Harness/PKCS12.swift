import TestCertificates

/// Certificates as NSS and Java take them.
extension Presented {
  /// What the containers are encrypted with.
  static let pkcs12Password = "interoperation"
  /// The name under which certificate and key are in a container.
  static let pkcs12Name = "client"

  /// A new PKCS#12 file with certificates and key; `nil` if nothing is presented.
  func pkcs12() throws -> String? {
    guard let files else { return nil }
    let path = "\(try PKI.shared.scratchFolder())/client.p12"
    try PKI.shared.openssl(
      "pkcs12", "-export", "-in", files.chain, "-inkey", files.key, "-name", Self.pkcs12Name, "-out", path, "-passout",
      "pass:\(Self.pkcs12Password)")
    return path
  }
}
