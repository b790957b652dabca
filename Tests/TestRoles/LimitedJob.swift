import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls

/// Runs a job in a control group with limits.
enum LimitedJob {
  /// Prints the controllers, then for each job state, exit code, peak memory in bytes, processor time in seconds, processes left, and
  /// reason, separated by tabs; then the groups that are left.
  ///
  /// - Parameter arguments: the folder for control groups, the jobs' folder, the shepherd; then for each job its limits (`CPU
  ///   MEMORY TASKS`, `-` for none) and a shell script.
  static func run(_ arguments: [String]) throws {
    var launcher = try JobLauncher(folder: arguments[1], shepherd: arguments[2])
    let groups = try ControlGroups(folder: arguments[0])
    print(groups.controllers.sorted().joined(separator: " "))
    launcher.controlGroups = groups
    for index in stride(from: 3, to: arguments.count, by: 2) {
      var request = JobRequest(command: ["/bin/sh", "-c", arguments[index + 1]])
      let words = arguments[index].split(separator: " ")
      if words.count == 3 {
        request.limits = ResourceLimits(cpu: Double(words[0]), memory: Int64(words[1]), tasks: Int64(words[2]))
      }
      print(try outcome(of: JobID("job-\(index)")!, request, launcher))
    }
    print("left: \(try Folder.names(in: arguments[0]).filter { $0.hasPrefix("agentd-") })")
  }

  private static func outcome(of id: JobID, _ request: JobRequest, _ launcher: JobLauncher) throws -> String {
    var job = try launcher.launchAndWait(id, request, as: Account.resolve(nil))
    job.report = nil
    var poll = pollfd(fd: job.shepherd.descriptor.raw, events: Int16(POLLIN), revents: 0)
    _ = Glibc.poll(&poll, 1, 60_000)
    let outcome = launcher.outcome(of: job)
    let fields: [Any?] = [
      outcome.state.rawValue, outcome.exitCode, outcome.peakMemoryBytes, outcome.cpuSeconds, outcome.left,
      outcome.reason,
    ]
    return fields.map { $0.map { "\($0)" } ?? "-" }.joined(separator: "\t")
  }
}
