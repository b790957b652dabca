import Glibc
import SystemCalls

/// The files of `openssl ca`.
enum Database {
  /// Writes a configuration and an index of revoked certificates.
  ///
  /// - Returns: the configuration's path.
  static func write(
    in folder: String, revoked: [String] = [], crlNumber: String? = nil, extensions: [String] = [],
    listExtensions: [String] = []
  ) throws -> String {
    let configuration = """
      [req]
      distinguished_name = empty
      string_mask = utf8only
      [empty]
      [ca]
      default_ca = ca_default
      [ca_default]
      database = \(folder)/index.txt
      new_certs_dir = \(folder)
      rand_serial = yes
      unique_subject = no
      policy = policy
      default_md = sha256
      \(crlNumber.map { "crlnumber = \($0)" } ?? "")
      [policy]
      [extensions]
      \(extensions.joined(separator: "\n"))
      [crl_extensions]
      authorityKeyIdentifier = keyid
      \(listExtensions.joined(separator: "\n"))
      """
    try write("\(folder)/index.txt", revoked.map { $0 + "\n" }.joined())
    try write("\(folder)/index.txt.attr", "unique_subject = no\n")
    try write("\(folder)/ca.cnf", configuration + "\n")
    return "\(folder)/ca.cnf"
  }

  static func write(_ path: String, _ text: String) throws {
    try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600).writeAll(Array(text.utf8), path)
  }
}

/// Times in the format of openssl(1).
enum ASN1Time {
  /// Returns `YYYYMMDDHHMMSSZ`.
  static func text(_ seconds: Int) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = buffer.withUnsafeMutableBytes {
      strftime($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count, "%Y%m%d%H%M%SZ", &parts)
    }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
