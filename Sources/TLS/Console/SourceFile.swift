import Glibc
import OpenSSL
import SystemCalls

/// An input file: the one to import, or one with a password.
public enum SourceFile {
  /// The name that stands for standard input.
  public static let standardInput = "-"

  /// The complete contents, and the permissions if it is a file.
  public struct Contents: Sendable {
    /// All bytes.
    public let bytes: SecretBytes
    /// The permissions; `nil` for standard input.
    public let mode: mode_t?
    /// The file's identity; `nil` for standard input.
    public let identity: Identity?
  }

  /// The identity of a file, whatever its name.
  public struct Identity: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    /// Creates the identity from the result of stat(2).
    public init(_ status: stat) {
      (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
  }

  /// Reads a regular file, or standard input if `path` is `standardInput`.
  ///
  /// - Parameter limit: the maximum number of bytes.
  public static func read(_ path: String, limit: Int) throws(SecretInputError) -> Contents {
    if path == standardInput {
      return Contents(bytes: try bytes(of: STDIN_FILENO, "standard input", limit), mode: nil, identity: nil)
    }
    let descriptor: FileDescriptor
    let status: stat
    do throws(SystemError) {
      // Non-blocking: a FIFO without a writer would block forever.
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
    return Contents(
      bytes: try bytes(of: descriptor.raw, path, limit), mode: status.st_mode & 0o7777, identity: Identity(status))
  }

  private static func bytes(of raw: Int32, _ name: String, _ limit: Int) throws(SecretInputError) -> SecretBytes {
    do throws(SystemError) { return try SecretBytes(readingDescriptor: raw, limit: limit) } catch {
      throw error.code == EFBIG ? .tooLarge(name, limit: limit) : .failed(name, error.reason)
    }
  }
}

/// The source of a private key's password.
public enum PasswordSource: Equatable, Sendable {
  /// There is no password.
  case none
  /// Asks on the terminal.
  case terminal
  /// The first line of a file.
  case file(String)

  /// Reads the password; `nil` if there is none.
  public func password() throws(SecretInputError) -> SecretBytes? {
    switch self {
    case .none: return nil
    case .terminal: return try PasswordPrompt.ask("Private key password: ")
    case .file(let path): return try Self.firstLine(of: path)
    }
  }

  private static func firstLine(of path: String) throws(SecretInputError) -> SecretBytes {
    // The file may be longer than its first line, but nobody keeps a password in a large file.
    let line = try SourceFile.read(path, limit: 65536).bytes.firstLine
    let limit = PasswordPrompt.maximumBytes
    if line.count > limit {
      throw .noPassword(path, "first line is longer than \(limit) bytes; a password is shorter")
    }
    if line.count == 0 { throw .noPassword(path, "first line is empty; write the password there") }
    return line
  }
}
