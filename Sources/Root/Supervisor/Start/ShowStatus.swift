import AgentConfiguration
import AgentProtocol
import FoundationEssentials
import Glibc
import SystemCalls
import Values
import Wording

/// `agentd --status`: shows what the running agentd with the same configuration does, without a certificate.
enum ShowStatus {
  /// The exit status if agentd does not run, as of `systemctl status`.
  private static let notRunning: Int32 = 3

  static func run(_ options: StartOptions) throws(StartFailure) -> Int32 {
    let paths = try options.configuration().paths
    let answer: String?
    do throws(SystemError) { answer = try StatusSocket.ask(in: paths.runtime) } catch {
      let hint = [EACCES, EPERM].contains(error.code) ? "run this as root, or as the user that runs agentd" : nil
      throw StartFailure(EX_NOPERM, error.description, hint: hint)
    }
    guard let answer else {
      if let holder = try? PidFile.holder(of: paths.pidFile) {
        throw StartFailure(
          EX_UNAVAILABLE, "agentd (pid \(holder.processID)) does not answer: it is starting, or from another release")
      }
      print("agentd is not running (\(paths.pidFile)); jobs that it started before may still run")
      return notRunning
    }
    var lines = answer.parts(at: "\n").filter { !$0.isEmpty }
    if !lines.isEmpty { print(lines.removeFirst()) }
    let jobs = lines.compactMap { try? JSONDecoder().decode(JobStatus.self, from: Data($0.utf8)) }
    for line in table(jobs.sorted { since($0) < since($1) }) { print(line) }
    return EX_OK
  }

  private static func since(_ job: JobStatus) -> Timestamp { job.startedAt ?? job.submittedAt }

  /// Returns aligned lines, the last column as long as it is.
  private static func table(_ jobs: [JobStatus]) -> [String] {
    if jobs.isEmpty { return [] }
    return aligned(
      [["ID", "USER", "SINCE", "CLIENT", "COMMAND"]]
        + jobs.map { job in
          [
            "\(job.id)", job.user, since(job).description.replacing(".000Z", with: "Z"), job.client.subject,
            job.command.map(shellWord).joined(separator: " "),
          ]
        })
  }
}
