import AgentConfiguration
import JobLaunch
import Logging
import SystemCalls

extension Jobs {
  /// Adopts the settings of jobs other than their places and users.
  func adoptSurroundings(_ limits: AgentConfiguration.Jobs) {
    inputLimit = limits.inputLimit
    policy.mayLeaveProcesses = limits.leaveProcesses
    launcher.surroundings = JobSurroundings(
      umask: limits.umask, loginShellIsRequired: limits.loginShellRequired,
      processLimits: limits.processLimits.map { .init(resource: $0, soft: $1.soft, hard: $1.hard) })
    adopt(limits.controlGroups)
  }

  /// Adopts where jobs get their control groups. Running jobs keep theirs.
  func adopt(_ choice: AgentConfiguration.ControlGroups) {
    launcher.controlGroups = nil
    let (folder, isDemanded): (String?, Bool) =
      switch choice {
      case .off: (nil, false)
      case .auto: (ControlGroups.ownFolder(), false)
      case .folder(let path): (path, true)
      }
    guard let folder else { return log.logger.info("jobs have no control groups") }
    do throws(SystemError) {
      let groups = try ControlGroups(folder: folder)
      launcher.controlGroups = groups
      log.logger.info(
        "jobs have control groups",
        metadata: ["folder": "\(folder)", "limits": "\(groups.controllers.sorted().joined(separator: " "))"])
    } catch {
      log.logger.log(level: isDemanded ? .error : .notice, "jobs have no control groups: \(error)")
    }
  }
}
