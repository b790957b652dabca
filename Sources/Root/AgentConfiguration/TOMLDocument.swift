import Glibc
import SystemCalls
internal import TOML

/// A parsed TOML file.
struct TOMLDocument {
  let root: StrictTable

  /// The maximum size of a file, in bytes: far more than any sensible one with all its comments.
  static let limit = 256 << 10

  /// Reads `file` without parsing it.
  ///
  /// - Parameter mustBeOwn: whether to refuse a file that users other than this one can write to.
  /// - Returns: `nil` if the file does not exist.
  static func contents(of file: String, mustBeOwn: Bool) throws(ConfigurationError) -> [UInt8]? {
    let (bytes, fault): ([UInt8], String?)
    do throws(SystemError) {
      // Does not block: if the file is a FIFO, opening it must not stop the program before that is noticed.
      let descriptor = try FileDescriptor.open(file, O_RDONLY | O_NONBLOCK)
      fault = try Self.fault(of: descriptor, file, mustBeOwn)
      bytes = fault == nil ? try descriptor.readAll(limit: limit, file) : []
    } catch {
      if error.code == ENOENT { return nil }
      let reason = error.code == EFBIG ? "larger than \(limit) bytes; a configuration file is smaller" : error.reason
      throw ConfigurationError(file: file, reason)
    }
    if let fault { throw ConfigurationError(file: file, fault) }
    return bytes
  }

  /// Parses the contents of a file.
  init(_ bytes: [UInt8], file: String) throws(ConfigurationError) {
    do throws(TOMLSyntaxError) { root = StrictTable(try TOMLTable(document: bytes), of: file) } catch {
      throw ConfigurationError(file: file, line: error.line, column: error.column, error.message)
    }
  }

  private static func fault(
    of descriptor: FileDescriptor, _ file: String, _ mustBeOwn: Bool
  ) throws(SystemError) -> String? {
    let status = try descriptor.status(file)
    if status.st_mode & S_IFMT != S_IFREG { return "not a regular file" }
    guard mustBeOwn else { return nil }
    if status.st_uid != geteuid() {
      return
        "must belong to user \(geteuid()), belongs to user \(status.st_uid); fix it with: chown \(geteuid()) \(file)"
    }
    if status.st_mode & 0o022 != 0 {
      let mode = String(status.st_mode & 0o7777, radix: 8)
      return "others can write to it (mode \(mode)); fix it with: chmod go-w \(file)"
    }
    return nil
  }
}
