import SystemCalls

/// Where a scheduler keeps its certificates and what it knows of its agents.
public enum SchedulerHome {
  /// The variable that names another folder.
  public static let variable = "AGENTD_SCHEDULER_HOME"

  /// The folder, absolute: the one of `-H`, else the variable's, else `/etc/agentd-scheduler` for root and a folder of
  /// the user's configuration (XDG Base Directory Specification) for others.
  public static func resolve(option: String?, environment: [String: String], isRoot: Bool) -> String {
    if let named = option ?? environment[variable].flatMap({ $0.isEmpty ? nil : $0 }) { return Path.absolute(named) }
    if isRoot { return "/etc/agentd-scheduler" }
    let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/"
    // The specification: a value that is not absolute is to be ignored.
    let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    return "\(base ?? "\(home)/.config")/agentd-scheduler"
  }
}
