import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls

/// Launches jobs without being root.
enum OrdinaryUser {
  /// Becomes user and group 65534, and prints which requests are refused and how its own job ends.
  ///
  /// - Parameter arguments: the jobs' folder and the shepherd.
  static func launch(_ arguments: [String]) throws {
    try checked("setgroups") { setgroups(0, nil) }
    try checked("setgid") { setgid(65534) }
    try checked("setuid") { setuid(65534) }
    for (user, group) in [("root", nil), ("nobody", "daemon")] {
      do { _ = try Account.resolve(user, group: group) } catch { print(error) }
    }
    let launcher = try JobLauncher(folder: arguments[0], shepherd: arguments[1])
    var request = JobRequest(command: ["/bin/sh", "-c", "id -u; echo $LD_LIBRARY_PATH; cat; exit 9"])
    request.environment = ["LD_LIBRARY_PATH": "/x"]
    request.stdin = "input\n"
    var job = try launcher.launchAndWait(JobID("job-1")!, request, as: Account.resolve("nobody"))
    job.report = nil
    var poll = pollfd(fd: job.shepherd.descriptor.raw, events: Int16(POLLIN), revents: 0)
    _ = Glibc.poll(&poll, 1, 20_000)
    print(String(decoding: try launcher.openOutput(of: job.id).readAll(limit: 1000), as: UTF8.self), terminator: "")
    print(launcher.outcome(of: job).exitCode ?? -1)
  }
}
