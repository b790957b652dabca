import Glibc

/// The command of the host's service manager for agentd.
enum ServiceCommand {
  /// Returns the command that starts the service; `nil` if no service manager of this host knows agentd.
  ///
  /// - Parameter root: the folder that the host's paths are below.
  static func start(below root: String = "") -> String? {
    func exists(_ path: String) -> Bool { access(root + path, F_OK) == 0 }
    // sd_booted(3), and the folders of systemd.unit(5).
    if exists("/run/systemd/system") {
      return units.contains { exists("\($0)/systemd/system/agentd.service") } ? "systemctl start agentd" : nil
    }
    return exists("/etc/init.d/agentd") ? "service agentd start" : nil
  }

  private static let units = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"]
}
