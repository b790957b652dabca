import AgentConfiguration
import Glibc
import SystemCalls

/// The running agentd with the same configuration, if any.
struct RunningAgent {
  private let pidFile: String

  init(_ configuration: AgentConfiguration) {
    pidFile = configuration.paths.pidFile
  }

  /// Tells agentd to reload, and does not wait.
  ///
  /// - Returns: a line that says so, or what to do.
  func reload(startedBy command: String) -> String {
    switch tell() {
    case .notRunning: "agentd is not running: start it with \(command)"
    case .unknown(let line): line
    case .told(let process): "agentd (pid \(process.processID)) reloads"
    }
  }

  /// Tells agentd to reload, and waits until it has.
  ///
  /// - Returns: a line with the outcome; and why agentd could not load the current files, `nil` if it did or if that is unknown.
  func reloadAndWait(startedBy command: String) -> (line: String, failure: String?) {
    let begin = ReloadResult.now
    // An older agentd does not report the result.
    let isTold = ReloadResult.load(besides: pidFile) != nil
    let process: ProcessHandle
    switch tell() {
    case .notRunning: return ("agentd is not running: start it with \(command)", nil)
    case .unknown(let line): return (line, nil)
    case .told(let told): process = told
    }
    let name = "agentd (pid \(process.processID))"
    guard isTold else { return ("\(name) reloads", nil) }
    guard let result = result(of: process, since: begin) else {
      return ("\(name) was told to reload; its log says how that went", nil)
    }
    guard let failure = result.failure else { return ("\(name) has reloaded", nil) }
    return ("\(name) could not reload, and keeps its old configuration: \(failure)", failure)
  }

  private enum Answer {
    case notRunning
    case unknown(String)
    case told(ProcessHandle)
  }

  private func tell() -> Answer {
    do throws(SystemError) {
      guard let process = try PidFile.holder(of: pidFile) else { return .notRunning }
      do throws(SystemError) { try process.send(SIGHUP) } catch {
        return .unknown(
          "agentd (pid \(process.processID)) could not be told to reload: \(error.reason); "
            + "do it with: kill -HUP \(process.processID)")
      }
      return .told(process)
    } catch {
      return .unknown("cannot tell whether agentd runs: \(error)")
    }
  }

  /// The time to wait for a reload, in seconds: a reload waits a while for room, and its listener for the signer.
  private static let patience: UInt64 = 30

  /// Returns the result of the reload that began after `begin`; `nil` if agentd ends first or takes too long.
  private func result(of process: ProcessHandle, since begin: UInt64) -> ReloadResult? {
    while ReloadResult.now < begin + Self.patience * 1_000_000_000 {
      if let result = ReloadResult.load(besides: pidFile), result.begunAt >= begin { return result }
      var ended = pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0)
      if poll(&ended, 1, 50) > 0 { return nil }
    }
    return nil
  }
}
