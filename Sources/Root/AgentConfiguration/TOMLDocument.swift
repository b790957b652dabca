import Glibc
import SystemCalls
internal import TOML

/// A TOML file that was read and parsed.
struct TOMLDocument {
  let root: StrictTable

  /// The largest file that is read: far more than the longest sensible one, all comments included.
  static let limit = 256 << 10

  /// Reads `file`, which is not looked into yet.
  ///
  /// - Parameter mustBeOwn: refuse a file that others than this user can write to.
  /// - Returns: `nil` if there is none.
  static func contents(of file: String, mustBeOwn: Bool) throws(ConfigurationError) -> [UInt8]? {
    let (bytes, fault): ([UInt8], String?)
    do throws(SystemError) {
      // Not blocking: a FIFO in its place must not stop the program before it is seen to be one.
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

  /// Parses what was read.
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
