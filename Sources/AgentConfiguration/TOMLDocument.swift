import Glibc
import SystemCalls
internal import TOMLKit

/// A TOML file that was read and parsed.
struct TOMLDocument {
  let file: String
  let locations: KeyLocations
  private let table: TOMLTable

  var root: StrictTable { StrictTable(self, table) }

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
      let reason = error.code == EFBIG ? "larger than \(limit) bytes; this is no configuration file" : error.reason
      throw ConfigurationError(file: file, reason)
    }
    if let fault { throw ConfigurationError(file: file, fault) }
    return bytes
  }

  init(_ bytes: [UInt8], file: String) throws(ConfigurationError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(file: file, line: Self.lineOfBrokenText(bytes), "not valid UTF-8")
    }
    // The parser takes C strings: what follows a NUL would be silently ignored.
    if let line = Self.lineOfNUL(text) {
      throw ConfigurationError(file: file, line: line, "NUL characters are not allowed")
    }
    locations = KeyLocations(text)
    if let fault = locations.fault { throw ConfigurationError(file: file, line: fault.line, fault.text) }
    do { table = try TOMLTable(string: text) } catch let error as TOMLParseError {
      throw ConfigurationError(file: file, line: error.source.begin.line, Self.oneLine(error.description))
    } catch {
      throw ConfigurationError(file: file, "\(error)")
    }
    self.file = file
  }

  private static func fault(
    of descriptor: FileDescriptor, _ file: String, _ mustBeOwn: Bool
  ) throws(SystemError) -> String? {
    let status = try descriptor.status(file)
    if status.st_mode & S_IFMT != S_IFREG { return "not a regular file" }
    guard mustBeOwn else { return nil }
    if status.st_uid != geteuid() {
      return
        "must belong to user \(geteuid()), belongs to user \(status.st_uid); mend it with: chown \(geteuid()) \(file)"
    }
    if status.st_mode & 0o022 != 0 {
      let mode = String(status.st_mode & 0o7777, radix: 8)
      return "others can write to it (mode \(mode)); mend it with: chmod go-w \(file)"
    }
    return nil
  }

  private static func lineOfNUL(_ text: String) -> Int? {
    var line = 1
    for content in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if content.unicodeScalars.contains("\0") || content.contains("\\u0000") || content.contains("\\U00000000") {
        return line
      }
      line += 1
    }
    return nil
  }

  private static func lineOfBrokenText(_ bytes: [UInt8]) -> Int? {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
  }

  private static func oneLine(_ text: String) -> String {
    // The parser quotes what it did not expect, control characters and all.
    withoutControls(text.split(whereSeparator: \.isNewline).joined(separator: " "))
  }
}
