import AgentConfiguration
import AgentLogging
import Glibc
import SystemCalls

/// The log of who asked for what, and of the answers.
final class AuditLog {
  private enum Output {
    case log
    case file(String, FileDescriptor)
    case syslog(String, FileDescriptor)
  }

  private var output = Output.log

  /// Logs to agentd's own log.
  init() {}

  /// Logs to `place`; a file is opened, or created, here.
  ///
  /// - Parameter syslog: the socket of the system log.
  init(_ place: AgentConfiguration.AuditPlace, syslog: String = "/dev/log") throws(SystemError) {
    switch place {
    case .log: output = .log
    case .file(let path): output = .file(path, try LogFile.open(path))
    case .syslog:
      let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
      output = .syslog(syslog, FileDescriptor(owning: try checked("socket") { socket(AF_UNIX, type, 0) }))
    }
  }

  /// Writes a line.
  ///
  /// - Returns: false if lines go to agentd's own log instead.
  func take(_ line: LogLine) throws(SystemError) -> Bool {
    switch output {
    case .log: return false
    case .file(let path, let file):
      let present = try Self.present(path, file)
      output = .file(path, present)
      try present.writeAll(line.bytes(.timed, .current, limit: LineLogHandler.maximumLineLength), path)
    case .syslog(let path, let socket):
      try Self.send(line.bytes(.syslog, .current, limit: LineLogHandler.maximumLineLength), path, socket)
    }
    return true
  }

  /// Returns the file that has the name now, which after a rotation is another one.
  private static func present(_ path: String, _ file: FileDescriptor) throws(SystemError) -> FileDescriptor {
    var (named, own) = (stat(), stat())
    let raw = file.raw
    if lstat(path, &named) == 0, fstat(raw, &own) == 0, named.st_dev == own.st_dev, named.st_ino == own.st_ino {
      return file
    }
    return try LogFile.open(path)
  }

  /// Does not connect, because the receiver may be restarted, and never waits for a receiver that does not read.
  private static func send(_ bytes: [UInt8], _ path: String, _ socket: FileDescriptor) throws(SystemError) {
    guard let address = LocalAddress(Array(path.utf8)) else { throw SystemError("sendto", path, code: ENAMETOOLONG) }
    let (raw, flags) = (socket.raw, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    try checked("sendto", path) { address.pass { sendto(raw, bytes, bytes.count, flags, $0, $1) } }
  }
}
