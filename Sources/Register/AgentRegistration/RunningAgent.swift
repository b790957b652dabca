import AgentConfiguration
import Glibc
import SystemCalls

/// The agentd that runs on the same configuration, if one does.
struct RunningAgent {
  private let pidFile: String

  init(_ configuration: AgentConfiguration) {
    pidFile = configuration.paths.pidFile
  }

  /// Tells it to reload.
  ///
  /// - Returns: a line that says so, or what to do.
  func reload(startedBy command: String) -> String {
    do throws(SystemError) {
      guard let process = try PidFile.holder(of: pidFile) else {
        return "agentd is not running: start it with \(command)"
      }
      do throws(SystemError) { try process.send(SIGHUP) } catch {
        return "agentd (pid \(process.processID)) could not be told to reload: \(error.reason); "
          + "do it with: kill -HUP \(process.processID)"
      }
      return "agentd (pid \(process.processID)) reloads"
    } catch {
      return "cannot tell whether agentd runs: \(error)"
    }
  }
}
