import AgentConfiguration
import CertificateStore
import Console
import OpenSSL
import SystemCalls

extension Registration {
  /// Creates a private key, which stays in the store's folder, and writes a certificate request for it: `-R -o FILE`.
  ///
  /// - Parameters:
  ///   - name: the name under which the scheduler knows this agent; `nil` for the name in agentd.toml, by default the host's.
  ///   - file: the file for the request, which contains no secret; `-` for standard output.
  public func request(name: String?, to file: String) throws -> Report {
    let name = try agentName(name)
    let request = try pendingRequest(.request, commonName: name, names: [.dns(name)]).request
    if file == "-" {
      var report = Report(warnings: otherStoreWarning)
      report.output = Array(request.pem.utf8)
      return report
    }
    do throws(SystemError) { try DurableFile.replace(file, with: Array(request.pem.utf8), mode: 0o644) } catch {
      throw CommandError(.cannotCreate, "\(file): \(error.reason)")
    }
    return Report(
      lines: [
        "request for \(name) written to \(file); its private key stays here, in \(store.requestKeyPath())", "",
        "next, at the scheduler:",
        "  scheduler-register SIGN REQUEST /FILENAME=\(Path.name(of: file)) /AGENTNAME=\(name) /OUT=agentcert.pem",
        "then here, with the file that this writes:", "  \(command("-I agentcert.pem"))",
      ], warnings: otherStoreWarning)
  }

  /// Returns a name that a certificate can contain.
  func agentName(_ wanted: String?) throws(CommandError) -> String {
    let name = wanted ?? configuration.process.agentName
    let isAllowed = name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      default: "-_.".utf8.contains(byte)
      }
    }
    guard (1...64).contains(name.utf8.count), isAllowed else {
      throw CommandError(
        .usage,
        "\(name.debugDescription) cannot be an agent's name: it has 1 to 64 letters, digits, dots, hyphens and "
          + "underscores; give one with -n NAME")
    }
    return name
  }
}
