import AgentProtocol
import Glibc
import JobLaunch

/// Launches jobs and is then killed.
enum DyingSupervisor {
  /// - Parameter arguments: the jobs' folder, the shepherd, then an id and a shell script for each job.
  static func launchAndDie(_ arguments: [String]) throws {
    let launcher = try JobLauncher(folder: arguments[0], shepherd: arguments[1])
    let account = try Account.resolve(nil)
    for index in stride(from: 2, to: arguments.count, by: 2) {
      let request = JobRequest(command: ["/bin/sh", "-c", arguments[index + 1]])
      _ = try launcher.launchAndWait(JobID(arguments[index])!, request, as: account)
    }
    kill(getpid(), SIGKILL)
  }
}
