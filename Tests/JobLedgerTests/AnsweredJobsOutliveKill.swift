import AgentProtocol
import Dispatch
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import JobLedger

/// Goal: a supervisor that is killed (SIGKILL) at any moment has lost no job that it had answered, and nothing half done is seen.
struct AnsweredJobsOutliveKill {
  @Test(arguments: [0, 7, 40, 200])
  func kill(afterMilliseconds delay: Int) async throws {
    let home = try TemporaryFolder()
    let folder = home.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, delay = delay as Int] in
      try submitUntilKilled(in: folder, afterMilliseconds: delay)
    }
    let answered = try home.read("answered").split(separator: "\n").map { JobID(String($0))! }
    let ledger = try JobLedger(path: "\(folder)/ledger.sqlite")
    try #require(answered.count > 2)
    for id in answered {
      #expect(try ledger.status(of: id)?.state == .running, "\(id)")
      #expect(try ledger.request(of: id) != nil, "\(id)")
    }
    // Pairs are of one turn.
    let recorded = Set(try ledger.unfinished().map(\.id.description))
    for id in recorded { #expect(recorded.contains(id.hasSuffix("a") ? "\(id.dropLast())b" : "\(id.dropLast())a")) }
    #expect(recorded.count - answered.count <= 2)
  }
}

/// Two jobs a turn, which are named in the file `answered` only after the commit.
private func submitUntilKilled(in folder: String, afterMilliseconds delay: Int) throws {
  let ledger = try JobLedger(path: "\(folder)/ledger.sqlite")
  let answered = try FileDescriptor.open("\(folder)/answered", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
  for turn in 0... {
    for half in ["a", "b"] {
      var status = JobStatus.sample("job-\(turn)\(half)")
      try ledger.insert(status, request: JobRequest(command: status.command))
      status.state = .running
      try ledger.update(status)
    }
    try ledger.commit()
    try answered.writeAll(Array("job-\(turn)a\njob-\(turn)b\n".utf8))
    if turn == 2 {
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(delay)) { Glibc.kill(getpid(), SIGKILL) }
    }
  }
}
