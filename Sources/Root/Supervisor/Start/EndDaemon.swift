import AgentConfiguration
import Glibc
import SystemCalls

/// `agentd --kill-daemon`: ends the running agentd that has the same configuration. Jobs keep running.
enum EndDaemon {
  /// How long to wait for the end, in milliseconds: agentd finishes requests for at most five seconds, and starts ordered jobs.
  private static let patience: Int32 = 30_000

  /// - Returns: `EX_OK` if none runs any longer, with one line on standard output.
  static func run(_ options: StartOptions) throws(StartFailure) -> Int32 {
    guard let process = try running(options) else {
      print("agentd: is not running")
      return EX_OK
    }
    let number = process.processID
    // Otherwise the next connection to the socket would start it again.
    if isOfService(number) { try Systemctl.run("stop", "agentd.socket", "agentd.service") }
    do throws(SystemError) { try process.send(SIGTERM) } catch {
      // It has just ended.
      guard error.code == ESRCH else {
        throw StartFailure(
          EX_NOPERM, "agentd (process \(number)) cannot be ended: \(error.reason)", hint: "run this as its user")
      }
    }
    var ended = pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&ended, 1, patience)
      if count > 0 { break }
      guard count < 0, errno == EINTR else {
        throw StartFailure(
          EX_TEMPFAIL, "agentd (process \(number)) did not end within \(patience / 1000) seconds",
          hint: "end it with: kill -KILL \(number); jobs keep running")
      }
    }
    print("agentd: process \(number) has ended; jobs keep running")
    return EX_OK
  }

  /// Returns the running agentd with the same configuration.
  static func running(_ options: StartOptions) throws(StartFailure) -> ProcessHandle? {
    let configuration = try options.configuration()
    return try required(orExit: EX_OSERR) { () throws(SystemError) in
      try PidFile.holder(of: configuration.paths.pidFile)
    }
  }

  private static func isOfService(_ process: pid_t) -> Bool {
    guard geteuid() == 0, Systemctl.isThere,
      let groups = try? DurableFile.read("/proc/\(process)/cgroup", limit: 65536)
    else { return false }
    return groups.firstRange(of: Array("/agentd.service".utf8)) != nil
  }
}

/// The command of systemd.
enum Systemctl {
  /// Whether systemd runs this host; sd_booted(3).
  static var isThere: Bool { access("/run/systemd/system", F_OK) == 0 }

  /// Executes systemctl(1) with the arguments.
  static func run(_ arguments: String...) throws(StartFailure) { try CommandOfHost.run(["systemctl"] + arguments) }
}

/// A command that sets up services.
enum CommandOfHost {
  /// Executes a command to its end, with this process's standard error for what it says.
  static func run(_ command: [String]) throws(StartFailure) {
    let shown = command.joined(separator: " ")
    let status = try required(orExit: EX_OSERR) { () throws(SystemError) in
      let output = FileDescriptor(owning: try checked("dup", "standard error") { dup(STDERR_FILENO) })
      let child = try Program(command[0], arguments: command, descriptors: [nil, output, output]).start()
      var status: Int32 = 0
      while waitpid(child.processID, &status, 0) < 0 && errno == EINTR {}
      return status
    }
    if status != 0 { throw StartFailure(EX_OSERR, "\(shown) failed", hint: "see what it said above") }
  }
}
