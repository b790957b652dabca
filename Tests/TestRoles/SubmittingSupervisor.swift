import AgentProtocol
import Dispatch
import Glibc
import JobLedger
import SystemCalls
import Values

/// Submits as fast as it can, and is killed in the middle.
enum SubmittingSupervisor {
  /// Submits two jobs per turn, which are named in the file `answered` only after the commit.
  ///
  /// - Parameter arguments: the folder for ledger and file, and the lifetime in milliseconds.
  static func submitUntilKilled(_ arguments: [String]) throws {
    let (folder, delay) = (arguments[0], Int(arguments[1]) ?? 0)
    let ledger = try JobLedger(path: "\(folder)/ledger.sqlite")
    let answered = try FileDescriptor.open("\(folder)/answered", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
    for turn in 0... {
      for half in ["a", "b"] { try submit(JobID("job-\(turn)\(half)")!, to: ledger) }
      try ledger.commit()
      try answered.writeAll(Array("job-\(turn)a\njob-\(turn)b\n".utf8))
      if turn == 2 {
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(delay)) { kill(getpid(), SIGKILL) }
      }
    }
  }

  private static func submit(_ id: JobID, to ledger: JobLedger) throws {
    let request = JobRequest(command: ["/bin/echo", id.description])
    let status = JobStatus(
      accepted: id, command: request.command, user: "batch",
      client: ClientIdentity(subject: "CN=c1", thumbprint: Thumbprint(String(repeating: "c1", count: 32))!), at: .now(),
      labels: [:])
    try ledger.insert(status, request: request)
    try ledger.update(status, on: .start)
  }
}
