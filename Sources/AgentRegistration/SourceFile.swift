import CertificateImport
import Glibc
import OpenSSL
import SystemCalls

/// A file that is to be read: the one to import, or one with a password.
public enum SourceFile {
  /// The name for standard input.
  public static let standardInput = "-"

  /// The whole contents, and the permissions if it is a file.
  struct Contents {
    let bytes: SecretBytes
    let mode: mode_t?
  }

  static func read(_ path: String, limit: Int) throws(RegistrationError) -> Contents {
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
      throw RegistrationError(.noInput, "\(path): \(error.reason)")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw RegistrationError(.noInput, "\(path): is a folder; name a file in it")
    default: throw RegistrationError(.noInput, "\(path): is not a regular file; use - to read standard input")
    }
    return Contents(bytes: try bytes(of: descriptor.raw, path, limit), mode: status.st_mode & 0o7777)
  }

  private static func bytes(of raw: Int32, _ name: String, _ limit: Int) throws(RegistrationError) -> SecretBytes {
    do throws(SecretReadingError) { return try SecretBytes(readingDescriptor: raw, limit: limit) } catch {
      if error.code == EFBIG {
        throw RegistrationError(.data, "\(name): \(ImportRefusal.tooLarge(limit: limit))")
      }
      throw RegistrationError(.inputOutput, "\(name): \(error)")
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

  /// The longest password that is read; OpenSSL's own limit.
  static let maximumBytes = 1024

  func password() throws -> SecretBytes? {
    switch self {
    case .none: return nil
    case .terminal: return try PasswordPrompt.ask("Private key password: ")
    case .file(let path):
      // A whole file may be longer than its first line, but nobody keeps a password in a large one.
      let line = try SourceFile.read(path, limit: 65536).bytes.firstLine
      if line.count > Self.maximumBytes {
        throw RegistrationError(
          .data, "\(path): first line is longer than \(Self.maximumBytes) bytes; it is no password")
      }
      if line.count == 0 { throw RegistrationError(.data, "\(path): first line is empty; write the password there") }
      return line
    }
  }
}
