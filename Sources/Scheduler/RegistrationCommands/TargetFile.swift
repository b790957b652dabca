import CertificateImport
import Console
import Glibc
import OpenSSL
import SystemCalls

/// The output file of a command.
struct TargetFile {
  let path: String
  private let replaces: Bool

  /// Fails, before a prompt appears, if the file cannot be written.
  ///
  /// That is so if its folder does not exist or is not writable, or if the file exists and /REPLACE is not given.
  ///
  /// - Parameter mayReplace: returns whether an existing file may be replaced without /REPLACE.
  init(
    _ path: String, _ switches: Switches, mayReplace: (_ path: String) -> Bool = { _ in false }
  ) throws(CommandError) {
    self.path = path
    let folder = Path.folder(of: path)
    if access(folder, W_OK | X_OK) != 0 {
      let reason = String(cString: strerror(errno))
      throw CommandError(.cannotCreate, "\(path): \(reason): nothing can be written to the folder \(folder)")
    }
    var status = stat()
    guard lstat(path, &status) == 0 else {
      replaces = switches.has("REPLACE")
      return
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      throw CommandError(.cannotCreate, "\(path): is a folder; name a file in it")
    }
    // A FIFO, which somebody else can make in a shared folder, would never end to be read.
    replaces = switches.has("REPLACE") || (status.st_mode & S_IFMT == S_IFREG && mayReplace(path))
    if !replaces { throw Self.isThere(path) }
  }

  /// Writes the file, accessible only to its owner. It is on disk when this returns.
  func write(secret contents: [UInt8]) throws(CommandError) { try write(contents, mode: 0o600) }

  /// Writes a file without secrets.
  func write(_ text: String) throws(CommandError) { try write(Array(text.utf8), mode: 0o644) }

  private func write(_ contents: [UInt8], mode: mode_t) throws(CommandError) {
    do throws(SystemError) {
      if replaces {
        try DurableFile.replace(path, with: contents, mode: mode)
      } else {
        try DurableFile.create(path, with: contents, mode: mode)
      }
    } catch {
      if error.code == EEXIST { throw Self.isThere(path) }
      throw CommandError(.cannotCreate, "\(path): \(error.reason)")
    }
  }

  private static func isThere(_ path: String) -> CommandError {
    CommandError(.cannotCreate, "\(path): already exists; /REPLACE overwrites it, or name another file")
  }

  /// Returns whether the file at `path` is a revocation list, which the next one may replace.
  static func isRevocationList(_ path: String) -> Bool {
    guard let contents = try? DurableFile.read(path, limit: Bundle.maximumBytes),
      let blocks = try? PEMBlock.all(in: contents)
    else { return false }
    return !blocks.isEmpty && blocks.allSatisfy { $0.kind == .revocationList }
  }
}
