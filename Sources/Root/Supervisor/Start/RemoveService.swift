import Glibc
import SystemCalls

/// `agentd --remove-service`: removes what starts agentd as root when the host starts. A running agentd is left alone.
///
/// Units that `make install` put beside this program are deleted; those of a package belong to its manager, and are disabled.
enum RemoveService {
  private static let units = ["agentd.service", "agentd.socket"]

  /// - Returns: `EX_OK`, with a line on standard output for each thing done.
  static func run(_ options: StartOptions) throws(StartFailure) -> Int32 {
    if geteuid() != 0 {
      throw StartFailure(
        EX_NOPERM, "only root can remove the service", hint: "an agentd that an ordinary user started has none")
    }
    var done: [String] = []
    if Systemctl.isThere, unitFolders.contains(where: { has($0, units[0]) }) {
      // The socket would start agentd as well. The service itself keeps running.
      if unitFolders.contains(where: { has($0, units[1]) }) { try Systemctl.run("disable", "--now", units[1]) }
      try Systemctl.run("disable", units[0])
      done.append("disabled \(units.joined(separator: " and "))")
    }
    if let own = ownFolder {
      for unit in units where has(own, unit) {
        if unlink("\(own)/\(unit)") != 0 { throw StartFailure(EX_OSERR, SystemError.last("unlink", "\(own)/\(unit)")) }
        done.append("removed \(own)/\(unit)")
      }
      if Systemctl.isThere, !done.isEmpty { try Systemctl.run("daemon-reload") }
    }
    if access("/etc/init.d/agentd", F_OK) == 0, let command = initCommand {
      try CommandOfHost.run(command)
      done.append("disabled /etc/init.d/agentd")
    }
    for line in done { print("agentd: \(line)") }
    if done.isEmpty { print("agentd: there is no service that starts it") }
    if let process = try EndDaemon.running(options) {
      print("agentd: it still runs, as process \(process.processID); agentd --kill-daemon ends it")
    }
    return EX_OK
  }

  /// Where units of packages and of `make install` are; systemd.unit(5).
  private static var unitFolders: [String] {
    ["/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system"] + [ownFolder].compactMap(\.self)
  }

  /// The folder for units of `make install`, which has put this program below a prefix of its own; `nil` for a package's program.
  private static var ownFolder: String? {
    guard let program = try? Program.own() else { return nil }
    let prefix = Path.folder(of: Path.folder(of: program))
    return ["/usr", "/"].contains { $0.utf8.elementsEqual(prefix.utf8) } ? nil : "\(prefix)/lib/systemd/system"
  }

  private static func has(_ folder: String, _ unit: String) -> Bool { access("\(folder)/\(unit)", F_OK) == 0 }

  /// The command that keeps the init script from being run at start; `nil` if the host has neither.
  private static var initCommand: [String]? {
    let folders = ["/usr/sbin", "/sbin"]
    func has(_ program: String) -> Bool { folders.contains { access("\($0)/\(program)", X_OK) == 0 } }
    return has("update-rc.d")
      ? ["update-rc.d", "agentd", "disable"] : has("chkconfig") ? ["chkconfig", "agentd", "off"] : nil
  }
}
