import Glibc
import OpenSSL
import SystemCalls

/// A file that is to be read: the one to import, or one with a password.
public enum SourceFile {
  /// The name for standard input.
  public static let standardInput = "-"

  /// The whole contents, and the permissions if it is a file.
  public struct Contents: Sendable {
    /// All bytes.
    public let bytes: SecretBytes
    /// The permissions; nil of standard input.
    public let mode: mode_t?
  }

  /// Reads a regular file, or standard input where `path` is `standardInput`.
  ///
  /// - Parameter limit: the most bytes accepted.
  public static func read(_ path: String, limit: Int) throws(SecretInputError) -> Contents {
    if path == standardInput {
      return Contents(bytes: try bytes(of: STDIN_FILENO, "standard input", limit), mode: nil)
    }
    let descriptor: FileDescriptor
    let status: stat
    do throws(SystemError) {
      // Not blocking: a FIFO without a writer would hold us here for ever.
      descriptor = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK)
      status = try descriptor.status(path)
    } catch {
      throw .cannotOpen(path, error.reason)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .cannotOpen(path, "is a folder; name a file in it")
    default: throw .cannotOpen(path, "is not a regular file; use - to read standard input")
    }
    return Contents(bytes: try bytes(of: descriptor.raw, path, limit), mode: status.st_mode & 0o7777)
  }

  private static func bytes(of raw: Int32, _ name: String, _ limit: Int) throws(SecretInputError) -> SecretBytes {
    do throws(SystemError) { return try SecretBytes(readingDescriptor: raw, limit: limit) } catch {
      throw error.code == EFBIG ? .tooLarge(name, limit: limit) : .failed(name, error.reason)
    }
  }
}

/// Where the password of a private key comes from.
public enum PasswordSource: Equatable, Sendable {
  /// There is none.
  case none
  /// It is asked on the terminal.
  case terminal
  /// The first line of a file.
  case file(String)

  /// The password; nil if there is none.
  public func password() throws(SecretInputError) -> SecretBytes? {
    switch self {
    case .none: return nil
    case .terminal: return try PasswordPrompt.ask("Private key password: ")
    case .file(let path): return try Self.firstLine(of: path)
    }
  }

  private static func firstLine(of path: String) throws(SecretInputError) -> SecretBytes {
    // A whole file may be longer than its first line, but nobody keeps a password in a large one.
    let line = try SourceFile.read(path, limit: 65536).bytes.firstLine
    let limit = PasswordPrompt.maximumBytes
    if line.count > limit {
      throw .noPassword(path, "first line is longer than \(limit) bytes; a password is shorter")
    }
    if line.count == 0 { throw .noPassword(path, "first line is empty; write the password there") }
    return line
  }
}
