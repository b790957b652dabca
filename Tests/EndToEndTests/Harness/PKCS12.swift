import TestCertificates

/// Certificates in the form that NSS and Java read.
extension Presented {
  /// The password of the containers.
  static let pkcs12Password = "interoperation"
  /// The name of certificate and key in a container.
  static let pkcs12Name = "client"

  /// Creates a PKCS#12 file with certificates and key; returns `nil` if nothing is presented.
  func pkcs12() throws -> String? {
    guard let files else { return nil }
    let path = "\(try PKI.shared.scratchFolder())/client.p12"
    try PKI.shared.openssl(
      "pkcs12", "-export", "-in", files.chain, "-inkey", files.key, "-name", Self.pkcs12Name, "-out", path, "-passout",
      "pass:\(Self.pkcs12Password)")
    return path
  }
}
