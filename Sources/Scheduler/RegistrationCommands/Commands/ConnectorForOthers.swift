import CertificateStore
import Console
import Glibc
import OpenSSL
import SystemCalls

extension Scheduler {
  /// Executes EXPORT EXEC CERT /PEM: writes certificate, private key and root CA to one file, and a file for curl -K if asked.
  ///
  /// curl, Prometheus and others read this format. Both files are new, and accessible only to their owner.
  func exportConnectorForOthers(
    _ certificate: Certificate, _ roots: [Certificate], _ switches: Switches
  ) throws -> CommandAnswer {
    let file = switches.required("FILENAME")
    if roots.isEmpty {
      throw CommandError(
        .configuration,
        "the root CA \(certificate.issuer) is not here, and without it no agent can be trusted: import it with IMPORT ROOT CA"
      )
    }
    let curl = try switches.value("CURL").map { (file: $0, text: try Self.curlConfiguration(for: file, certificate)) }
    let key = try registry.store.key(of: certificate)
    let password = try newPassword(switches, mayLack: true)
    let bundle = KeyBundle(key: key, certificate: certificate, chain: roots, name: certificate.commonName ?? "")
    try NewFile.write(try bundle.pem(password), to: file)
    if let curl {
      do throws(CommandError) { try NewFile.write(Array(curl.text.utf8), to: curl.file) } catch {
        unlink(file)
        throw error
      }
    }
    return CommandAnswer(
      ["Executor certificate exported to \(file)"] + facts(certificate, isDefault: false)
        + (curl.map { ["use it with: curl -K \($0.file) https://AGENT:5773/v1/agent"] } ?? []),
      warnings: password == nil ? ["\(file): holds the private key; whoever reads it can run commands on agents"] : [])
  }

  /// Returns the options of curl(1) that authenticate as this connector, and accept only agents of its root CA.
  private static func curlConfiguration(for file: String, _ certificate: Certificate) throws(CommandError) -> String {
    let path = Path.absolute(file)
    guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      throw CommandError(.usage, "/FILENAME: a path with control characters cannot be named in curl's file")
    }
    // In quotes, a backslash makes the next character literal: curl(1), --config.
    let quoted = path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return """
      # \(certificate.subject), valid to \(day(certificate.notAfter)); written by scheduler-register EXPORT EXEC CERT
      cert = "\(quoted)"
      cacert = "\(quoted)"
      fail-with-body
      silent
      show-error

      """
  }
}

/// Writes files that must not exist yet, accessible only to their owner.
enum NewFile {
  static func write(_ bytes: [UInt8], to file: String) throws(CommandError) {
    do throws(SystemError) { try DurableFile.create(file, with: bytes, mode: 0o600) } catch {
      if error.code == EEXIST {
        throw CommandError(.cannotCreate, "\(file): already exists and is not overwritten; name another file")
      }
      throw CommandError(.cannotCreate, "\(file): \(error.reason)")
    }
  }
}
