import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// Goal: whatever happens to the shepherd server, each job starts once, and nothing else waits.
struct ShepherdServerMayDie {
  /// Returns a command that leaves a mark each time it runs.
  private func marking(_ stage: JobsStage) throws -> [String] {
    try stage.folder.write("marks", "", mode: 0o666)
    return ["/bin/sh", "-c", "echo $AGENTD_JOB_ID >> \(stage.folder.path("marks"))"]
  }

  private func server(_ stage: JobsStage) throws -> ProcessHandle { try stage.jobs.launcher.shepherds.start() }

  private func submit(_ count: Int, _ command: [String], _ stage: JobsStage) throws -> [String] {
    let names = (0..<count).map { "job-\($0)" }
    let asked = names.map { stage.ask(.submitJob(JobID($0)!, JobRequest(command: command))) }
    try stage.reactor.turns(until: "the answers") { asked.allSatisfy { $0.answer != nil } }
    #expect(asked.allSatisfy { $0.created == true })
    return names
  }

  private func expectEach(_ names: [String], _ stage: JobsStage) throws {
    for name in names { #expect(try stage.end(name).state == .succeeded) }
    #expect(try stage.folder.read("marks").split(separator: "\n").map(String.init).sorted() == names.sorted())
  }

  /// What is done to the server at each turn while a burst of jobs is submitted and started.
  enum Harm: CaseIterable { case kill, stop, both }

  @Test(arguments: Harm.allCases)
  func duringABurst(_ harm: Harm) throws {
    let stage = try JobsStage(maxRunning: 300)
    let command = try marking(stage)
    stage.jobs.starts.begin()
    let first = try server(stage)
    if harm != .kill { try first.send(SIGSTOP) }
    var names = try submit(150, command, stage)
    // The server is stopped: nothing runs, and only a part of the orders is given.
    if harm != .kill { #expect(stage.jobs.running.values.allSatisfy { $0.job == nil }) }
    if harm != .stop {
      try first.send(SIGKILL)
      // The next ones are killed, too, with what they have been given.
      for _ in 0..<3 {
        try stage.reactor.turn()
        try server(stage).send(SIGKILL)
      }
    }
    try expectEach(names, stage)
    #expect(try server(stage) !== first)
    names.append("after")
    #expect(try stage.submit("after", command[0], command[1], command[2]).created == true)
    try expectEach(names, stage)
    #expect(stage.lines.all.contains { $0.contains("is replaced") } == (harm == .stop))
  }

  @Test func aJobThatRunsDoesNotNotice() throws {
    let stage = try JobsStage()
    _ = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: stage.untilReleased())))
    let shepherd = try stage.shepherd(of: "a")
    stage.jobs.starts.begin()
    let first = try server(stage)
    try first.send(SIGKILL)
    try stage.reactor.turns(until: "the next server") {
      stage.jobs.launcher.shepherds.process.map { $0 !== first } ?? false
    }
    try shepherd.send(0)
    try stage.release()
    #expect(try stage.end("a").state == .succeeded)
  }

  @Test func aJobCanBeCancelledBeforeItsShepherdRuns() throws {
    let stage = try JobsStage(maxRunning: 200)
    let command = try marking(stage)
    let stopped = try server(stage)
    try stopped.send(SIGSTOP)
    // The first one is ordered, the last one waits for the others.
    let names = try submit(100, command, stage)
    let ends = [names[0], names[99]].map { stage.ask(.showJob(JobID($0)!, wait: 60)) }
    for name in [names[0], names[99]] { #expect(try stage.answer(.cancelJob(JobID(name)!)).problem == nil) }
    try stage.reactor.turns(until: "the end of the one that waits") { ends[1].answer != nil }
    #expect(ends[1].status?.state == .cancelled && ends[0].answer == nil)
    try stopped.send(SIGKILL)
    try stage.reactor.turns(until: "the end of the other") { ends[0].answer != nil }
    #expect(ends[0].status?.state == .cancelled && ends[0].status?.reason == "cancelled by CN=scheduler")
    try expectEach(Array(names[1..<99]), stage)
  }

  /// Its shepherd was ordered before the request came, and runs only afterwards.
  @Test func whoFollowsAJobThatIsBeingStartedGetsItsOutput() throws {
    let stage = try JobsStage()
    let stopped = try server(stage)
    try stopped.send(SIGSTOP)
    #expect(try stage.submit("a", "/bin/sleep", "600").created == true)
    let following = stage.ask(.openOutput(JobID("a")!, follow: true))
    #expect(try stage.answer(.showJob(JobID("a")!, wait: 0)).status?.state == .running && following.answer == nil)
    try stopped.send(SIGCONT)
    try stage.reactor.turns(until: "the output") { following.answer != nil }
    guard case .output? = following.answer else {
      Issue.record("\(String(describing: following.answer))")
      return
    }
    _ = try stage.answer(.cancelJob(JobID("a")!))
    #expect(try stage.end("a").state == .cancelled)
  }

  @Test func theNextSupervisorCancelsAJobThatWasCancelledBefore() throws {
    var stage: JobsStage? = try JobsStage()
    let folder = try #require(stage?.folder)
    _ = try stage?.submit("a", "/bin/sleep", "600")
    _ = try stage?.shepherd(of: "a")
    // The supervisor is killed before the order reaches the shepherd.
    stage?.jobs.launcher.noteCancel(JobID("a")!, by: "CN=first")
    stage = nil
    let next = try JobsStage(in: folder)
    #expect(try next.jobs.recover() == Jobs.Recovery(running: 1))
    let end = try next.end("a")
    #expect(end.state == .cancelled && end.reason == "cancelled by CN=first")
  }

  /// An order that the server of a killed supervisor has not carried out is never carried out.
  @Test func whatADeadSupervisorOrderedDoesNotRun() throws {
    var stage: JobsStage? = try JobsStage()
    let folder = try #require(stage?.folder)
    let command = try marking(try #require(stage))
    try server(try #require(stage)).send(SIGSTOP)
    _ = try stage?.submit("a", command[0], command[1], command[2])
    stage = nil
    let next = try JobsStage(in: folder)
    #expect(try next.jobs.recover() == Jobs.Recovery(ended: 1))
    #expect(try next.end("a").state == .interrupted)
    #expect(try folder.read("marks") == "")
    #expect(try next.submit("b", "/bin/true").created == true)
    #expect(try next.end("b").state == .succeeded)
  }

  @Test func whenStoppingJobsThatAreOrderedStart() throws {
    let stage = try JobsStage(maxRunning: 100)
    let command = try marking(stage)
    let asked = (0..<80).map { stage.ask(.submitJob(JobID("job-\($0)")!, JobRequest(command: command))) }
    try stage.reactor.turns(until: "the answers") { asked.allSatisfy { $0.answer != nil } }
    stage.jobs.isStopping = true
    var isIdle = false
    stage.jobs.starts.whenIdle(limit: .seconds(60)) { isIdle = true }
    try stage.reactor.turns(until: "all are started") { isIdle }
    #expect(stage.jobs.running.values.allSatisfy { $0.job != nil })
    try expectEach((0..<80).map { "job-\($0)" }, stage)
  }

  /// A file that is not a program, and a program that ends at once.
  @Test(arguments: [("no program", "Exec format error"), (nil, "shepherd server")] as [(String?, String)])
  func aRefusalSaysWhyThereIsNoServer(_ text: String?, _ reason: String) throws {
    let (stage, folder) = (try JobsStage(), try TemporaryFolder())
    if let text { try folder.write("shepherd", text, mode: 0o755) }
    let working = stage.jobs.launcher
    stage.jobs.launcher = try JobLauncher(
      folder: stage.folder.path("jobs"), shepherd: text == nil ? "/bin/true" : folder.path("shepherd"))
    #expect(try stage.submit("a", "/bin/true").created == true)
    let end = try stage.end("a")
    #expect(end.state == .couldNotStart && end.reason?.contains(reason) == true, "\(end)")
    stage.jobs.launcher = working
    #expect(try stage.submit("b", "/bin/true").created == true)
    #expect(try stage.end("b").state == .succeeded)
  }
}
