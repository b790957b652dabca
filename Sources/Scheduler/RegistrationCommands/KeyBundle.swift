import Console
import OpenSSL
import SystemCalls

/// A certificate with its private key and chain, to be written to a file.
struct KeyBundle {
  let key: PrivateKey
  let certificate: Certificate
  let chain: [Certificate]
  /// The name that dialogs show.
  let name: String

  /// Writes the file, accessible only to its owner. It is on disk when this returns.
  func write(to file: TargetFile, asPEM: Bool, _ password: SecretBytes?) throws {
    try file.write(secret: asPEM ? try pem(password) : try container(password))
  }

  /// Returns certificate, private key and chain in PEM.
  func pem(_ password: SecretBytes?) throws -> [UInt8] {
    let keyText: [UInt8] =
      if let password {
        Array(try key.encryptedPKCS8PEM(password: password).utf8)
      } else {
        try key.pkcs8PEM().withUnsafeBytes { Array($0) }
      }
    return Array(certificate.pem.utf8) + keyText + chain.flatMap { Array($0.pem.utf8) }
  }

  private func container(_ password: SecretBytes?) throws -> [UInt8] {
    guard let password else { throw CommandError(.usage, "a PKCS#12 file needs a password: /PROMPT asks for it") }
    return try PKCS12.container(key: key, certificate: certificate, chain: chain, name: name, password: password)
  }
}

extension Scheduler {
  /// Returns the password for a file to be written, which a prompt requests twice; nil if the command says that there is none.
  func newPassword(_ switches: Switches, mayLack: Bool) throws -> SecretBytes? {
    if let file = switches.value("PASSWORDFILE") { return try PasswordSource.file(file).password() }
    if switches.has("PROMPT") { return try askTwice() }
    if mayLack, switches.has("NOPASSWORD") { return nil }
    let hint = mayLack ? ", or /NOPASSWORD leaves the private key unprotected" : ""
    throw CommandError(.usage, "the file's private key needs a password: /PROMPT asks for it\(hint)")
  }

  /// Returns the password of a file to be read; nil if the command names none.
  func password(_ switches: Switches) throws -> SecretBytes? {
    if let file = switches.value("PASSWORDFILE") { return try PasswordSource.file(file).password() }
    return switches.has("PROMPT") ? try askPassword("Private key password: ") : nil
  }

  private func askTwice() throws -> SecretBytes {
    let password = try askPassword("Private key password: ")
    if password.count == 0 { throw CommandError(.data, "an empty password protects nothing; nothing was done") }
    let again = try askPassword("The same password again: ")
    let isSame = password.withUnsafeBytes { first in again.withUnsafeBytes { first.elementsEqual($0) } }
    if !isSame { throw CommandError(.data, "the two passwords differ; nothing was done") }
    return password
  }
}
