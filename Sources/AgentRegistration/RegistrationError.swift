import AgentConfiguration
import CertificateImport
import CertificateStore
import Glibc
import OpenSSL
import SystemCalls

/// How agent-register ends; see sysexits.h(3head).
public enum ExitStatus: Int32, Sendable {
  /// All done.
  case success = 0
  /// `-V`: the client would not be let in.
  case refused = 1
  /// The command line is wrong.
  case usage = 64
  /// The input is not what it should be.
  case data = 65
  /// An input cannot be opened or read.
  case noInput = 66
  /// A fault of this program.
  case software = 70
  /// The operating system failed.
  case system = 71
  /// An output cannot be made.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// The user may not do that.
  case noPermission = 77
  /// The configuration or the store is not in order.
  case configuration = 78
}

/// Why a command was not carried out: one line with file, expectation, fact, and what to do.
public struct RegistrationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The line, without the program's name.
  public let description: String
  /// The exit status it leads to.
  public let status: ExitStatus

  /// An error of these parts.
  public init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }

  /// The form for people of an error of the layers below.
  public init(_ error: any Error) {
    switch error {
    case let error as RegistrationError: self = error
    case let error as ConfigurationError: self.init(.configuration, error.description)
    case let error as StoreError: self.init(store: error)
    case let error as SystemError: self.init(system: error)
    case let error as ThumbprintError: self.init(.usage, error.description)
    case let error as OpenSSLError: self.init(.software, error.description)
    default: self.init(.software, "\(error)")
    }
  }

  private init(store error: StoreError) {
    switch error {
    case .system(let error): self.init(system: error)
    case .otherOwner, .insecure: self.init(.noPermission, error.description)
    case .damaged, .noKey: self.init(.configuration, error.description)
    case .full: self.init(.cannotCreate, error.description)
    }
  }

  private init(system error: SystemError) {
    switch error.code {
    case EACCES, EPERM, EROFS:
      let hint = error.subject.flatMap(FileOwner.hint) ?? ""
      self.init(.noPermission, "\(error)\(hint)")
    case ENOENT, ENOTDIR: self.init(.noInput, error.description)
    case EIO, ENOSPC, EDQUOT, EFBIG: self.init(.inputOutput, error.description)
    default: self.init(.system, error.description)
    }
  }
}

/// Finds who to be.
enum FileOwner {
  /// `; run this as user NAME`, if `path`, or the nearest folder above it that exists, belongs to somebody else.
  static func hint(_ path: String) -> String? {
    var place = path
    var status = stat()
    while stat(place, &status) != 0 {
      if place == "/" || place == "." { return nil }
      place = Path.folder(of: place)
    }
    guard status.st_uid != geteuid() else { return nil }
    return "; run this as user \(name(of: status.st_uid))"
  }

  static func name(of user: uid_t) -> String {
    getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "number \(user)"
  }
}
