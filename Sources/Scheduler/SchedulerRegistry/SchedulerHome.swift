import SystemCalls

/// The folder in which a scheduler keeps its certificates and its record of agents.
public enum SchedulerHome {
  /// The environment variable that names another folder.
  public static let variable = "AGENTD_SCHEDULER_HOME"

  /// Returns the absolute path of the folder.
  ///
  /// This is the folder given with `-H`, otherwise that of the variable, otherwise `/etc/agentd-scheduler` for root and a folder in the
  /// user's configuration (XDG Base Directory Specification) for others.
  public static func resolve(option: String?, environment: [String: String], isRoot: Bool) -> String {
    if let named = option ?? environment[variable].flatMap({ $0.isEmpty ? nil : $0 }) { return Path.absolute(named) }
    if isRoot { return "/etc/agentd-scheduler" }
    let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/"
    // The specification requires that a value that is not absolute is ignored.
    let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    return "\(base ?? "\(home)/.config")/agentd-scheduler"
  }
}
