import CertificateImport
import CertificateStore
import Console
import OpenSSL
import SystemCalls
import Values

extension Registration {
  /// Exports a certificate and its chain, or a revocation list, as PEM, never a key: `-E`.
  ///
  /// - Parameter file: the file to write; `nil` for standard output.
  public func export(_ thumbprint: String, to file: String?) throws -> Report {
    let query = try ThumbprintQuery(thumbprint)
    let catalog = try catalog()
    let entry = try Inventory(catalog, listener: try listenerConfiguration()).find(query, command("-l"))
    var warnings: [String] = []
    let pem: String
    if let certificate = catalog.all.first(where: { $0.sha256Thumbprint == entry.sha256 }) {
      let chain: [Certificate]
      do { chain = try catalog.chain(of: certificate) } catch {
        chain = [certificate]
        warnings.append("\(error)")
      }
      pem = chain.map(\.pem).joined()
    } else {
      pem = catalog.revocationLists.first { $0.sha256Thumbprint == entry.sha256 }?.pem ?? ""
    }
    guard let file else {
      var report = Report(warnings: warnings)
      report.output = Array(pem.utf8)
      return report
    }
    do throws(SystemError) { try DurableFile.replace(file, with: Array(pem.utf8), mode: 0o644) } catch {
      throw CommandError(.cannotCreate, "\(file): \(error.reason)")
    }
    return Report(lines: ["exported \(entry.role) \(entry.subject) to \(file)"], warnings: warnings)
  }
}
