// Goal: the audit log is written where the administrator wants it, loses nothing, and needs no signal when its file is rotated.
import AgentConfiguration
import Glibc
import Logging
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

@Suite struct AuditLogGoesWhereItIsWanted {
  private let folder: TemporaryFolder
  private let lines = LogLines()
  private let log: SupervisorLog

  init() throws {
    folder = try TemporaryFolder()
    log = lines.log
  }

  @Test func aFileThatIsRenamedIsMadeAnew() throws {
    log.auditLog = try AuditLog(.file(folder.path("audit")))
    log.audit(.info, "submitJob", ["job": "a"])
    try checked("rename") { rename(folder.path("audit"), folder.path("audit.1")) }
    log.audit(.notice, "cancelJob", ["job": "a"])
    log.audit(.info, "deleteJob", ["job": "a"])
    #expect(try folder.read("audit.1").hasSuffix(" info submitJob job=a\n"))
    let second = try folder.read("audit").split(separator: "\n")
    #expect(
      second.count == 2 && second[0].hasSuffix(" notice cancelJob job=a")
        && second[1].hasSuffix(" info deleteJob job=a"))
    // If an administrator removes it, it is created again.
    unlink(folder.path("audit"))
    log.audit(.info, "submitJob", ["job": "b"])
    #expect(try folder.read("audit").split(separator: "\n").count == 1)
    #expect(lines.all.isEmpty)
  }

  @Test func nothingIsLeftOutForTheLogsLevel() throws {
    let log = SupervisorLog(Logger(label: "nothing below critical") { _ in SwiftLogNoOpLogHandler() })
    log.auditLog = try AuditLog(.file(folder.path("audit")))
    log.audit(.info, "submitJob", [:])
    log.audit(.debug, "showJob", [:])
    #expect(try folder.read("audit").hasSuffix(" info submitJob\n"))
    #expect(try folder.read("audit").split(separator: "\n").count == 1)
  }

  @Test func theSystemsLog() throws {
    let path = folder.path("log")
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let receiver = FileDescriptor(
      owning: try checked("socket") { socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0) })
    try checked("bind", path) {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(receiver.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
    log.auditLog = try AuditLog(.syslog, syslog: path)
    log.audit(.notice, "submitJob", ["answer": "forbidden"])
    var bytes = [UInt8](repeating: 0, count: 1000)
    let count = try checked("recv") { recv(receiver.raw, &bytes, bytes.count, Int32(MSG_DONTWAIT)) }
    #expect(String(decoding: bytes[..<count], as: UTF8.self) == "<85>agentd[\(getpid())]: submitJob answer=forbidden")
    #expect(lines.all.isEmpty)
  }

  @Test func whatCannotBeWrittenThereIsInTheLog() throws {
    log.auditLog = try AuditLog(.syslog, syslog: folder.path("nobody"))
    log.audit(.info, "submitJob", ["job": "a"])
    log.audit(.info, "submitJob", ["job": "b"])
    #expect(lines.all.count == 3)
    #expect(lines.all.first?.hasPrefix("error the audit log cannot be written; its entries go here: ") == true)
    #expect(lines.all.suffix(2) == ["info submitJob job=a", "info submitJob job=b"])
  }

  @Test func aFolderThatIsMissingIsToldAtOnce() throws {
    #expect(throws: SystemError.self) { try AuditLog(.file(folder.path("no/audit"))) }
  }
}
