import Glibc
import SystemCalls

extension PKI {
  /// Creates a revocation list.
  ///
  /// - Parameters:
  ///   - issuer: the CA that signs it.
  ///   - revoked: certificates issued by it.
  ///   - number: the CRL number.
  ///   - thisUpdate: in seconds from now.
  ///   - nextUpdate: in seconds from now.
  ///   - extensions: further lines of an OpenSSL extension section, and the sections that they name.
  /// - Returns: the path of a PEM file.
  public func revocationList(
    by issuer: Credential, revoking revoked: [Credential], number: Int = 1, thisUpdate: Int = -3600,
    nextUpdate: Int = 86400, extensions: [String] = []
  ) throws -> String {
    let folder = try scratchFolder()
    let now = time(nil)
    let lines = try revoked.map { credential in
      let words = ["x509", "-in", credential.certificatePath, "-noout", "-serial"]
      let serial = try OpenSSLTool.run(words, scratch: folder).dropFirst("serial=".count).prefix { $0 != "\n" }
      // The index uses two-digit years.
      let (end, revoked) = (ASN1Time.text(now + 86400).dropFirst(2), ASN1Time.text(now - 60).dropFirst(2))
      return "R\t\(end)\t\(revoked)\t\(serial)\tunknown\t/CN=revoked"
    }
    let digits = String(number, radix: 16)
    try Database.write("\(folder)/crlnumber", digits.count % 2 == 0 ? digits : "0\(digits)")
    let configuration = try Database.write(
      in: folder, revoked: lines, crlNumber: "\(folder)/crlnumber", listExtensions: extensions)
    let path = "\(folder)/crl.pem"
    try OpenSSLTool.run(
      ["ca", "-gencrl", "-config", configuration, "-cert", issuer.certificatePath, "-keyfile", issuer.keyPath]
        + ["-crl_lastupdate", ASN1Time.text(now + thisUpdate), "-crl_nextupdate", ASN1Time.text(now + nextUpdate)]
        + ["-crlexts", "crl_extensions", "-out", path], scratch: folder)
    return path
  }
}
