import AgentLogging
import Glibc
import SystemCalls

/// Reports whether the start succeeded to the terminal that agentd was started from, even after detaching from it.
enum StartReport {
  /// This process is the one that was started.
  case terminal
  /// The original process waits at the other end of the pipe, to print the failure and exit with its code.
  case parent(FileDescriptor)

  /// The maximum number of bytes of a report that the parent reads.
  private static let maximumLength = 16384

  /// Reports that agentd serves.
  func succeeded() {
    if case .parent(let pipe) = self {
      try? pipe.writeAll([UInt8(EX_OK)])
      pipe.close()
    }
  }

  /// Reports that agentd does not start.
  func failed(_ failure: StartFailure) {
    switch self {
    case .terminal: Self.print(failure)
    case .parent(let pipe):
      try? pipe.writeAll([UInt8(failure.exitCode)] + Array(Self.text(failure).utf8))
      pipe.close()
    }
  }

  /// Detaches from terminal, session and working folder, with descriptors 0 and 1 on /dev/null and 2 on `log`.
  ///
  /// Returns in the daemon; the original process stays until the report, and exits with its code.
  ///
  /// Forks twice, so that the daemon is not a session leader and can never acquire a controlling terminal; daemon(7).
  static func detach(log: FileDescriptor) throws(SystemError) -> StartReport {
    let ends = try FileDescriptor.pipe()
    let child = try forkPatiently()
    if child > 0 {
      ends.write.close()
      waitpid(child, nil, 0)
      awaitReport(ends.read)
    }
    ends.read.close()
    try checked("setsid") { setsid() }
    if try forkPatiently() > 0 { _exit(EX_OK) }
    let null = try FileDescriptor.open("/dev/null", O_RDWR)
    let (nullNumber, logNumber) = (null.raw, log.raw)
    for number in [STDIN_FILENO, STDOUT_FILENO] { try checked("dup2") { dup2(nullNumber, number) } }
    try checked("dup2") { dup2(logNumber, STDERR_FILENO) }
    try checked("chdir", "/") { chdir("/") }
    return .parent(ends.write)
  }

  private static func awaitReport(_ pipe: FileDescriptor) -> Never {
    let report = (try? pipe.readAll(limit: maximumLength)) ?? []
    guard let code = report.first else {
      write("agentd: died during start-up; its log may say why\n")
      exit(EX_SOFTWARE)
    }
    write(String(decoding: report.dropFirst(), as: UTF8.self))
    exit(Int32(code))
  }

  static func print(_ failure: StartFailure) {
    write(text(failure))
  }

  // The priority of messages that are printed before there is a log; sd-daemon(3).
  private static func text(_ failure: StartFailure) -> String {
    let lines = [failure.message, failure.hint].compactMap(\.self)
    let prefix = LineStyle.forStandardError() == .journal ? "<3>" : ""
    return lines.map { "\(prefix)agentd: \($0)\n" }.joined()
  }

  private static func write(_ text: String) {
    // If the terminal is gone, there is no one left to tell.
    _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
  }
}
