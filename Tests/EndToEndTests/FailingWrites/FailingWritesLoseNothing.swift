// The promise: whichever write in the life of a job fails, or whichever write the process is killed before, a job that was answered with
// 201 exists after agentd is restarted, ran at most once, and keeps the state in which it ended.
//
// `make failing-writes` tries all writes, `make test` a sample.
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root may trace agentd")) struct FailingWritesLoseNothing {
  /// How many fault points to try per process; `nil` for all.
  private static let sample = getenv("AGENTD_FAILING_WRITES") == nil ? 3 : nil

  @Test(.timeLimit(.minutes(60))) func ofTheSupervisor() async throws {
    let agent = try await installation()
    try await agent.start()
    let whole = try await TracedSupervisor(of: agent, failingAt: nil)
    let sound = await ClientsView(of: "sound", at: agent)
    try #expect(await sound.brokenPromises(endMayBeUnknown: false) == [])
    #expect(sound.deleted == 204)
    try await campaign("supervisor", FaultPoint.all(in: try await whole.detach())) { point in
      let traced = try await TracedSupervisor(of: agent, failingAt: point)
      let view = await ClientsView(of: point.jobID, at: agent)
      let hasHappened = FaultPoint.hasHappened(in: try await traced.detach())
      // Other failures or a crash may follow a failed write.
      if point.fault == .noSpace { try await goesOn(agent, after: point) }
      try await agent.stop(SIGKILL)
      try await agent.start()
      let broken = try await view.brokenPromises(endMayBeUnknown: point.call == "openat")
      if point.fault == .inputOutput { try await goesOn(agent, after: point) }
      return (hasHappened, broken)
    }
  }

  /// SQLite has written a complete commit when its fsync(2) fails: after a crash at that moment, the commit must not reappear.
  @Test func aCommitThatWasRefusedDoesNotComeBack() async throws {
    let agent = try await installation()
    try await agent.start()
    let point = FaultPoint(call: "fdatasync", number: 1, fault: .inputOutput, isOfLog: false)
    let traced = try await TracedSupervisor(of: agent, failingAt: point)
    let view = await ClientsView(of: point.jobID, at: agent)
    #expect(FaultPoint.hasHappened(in: try await traced.detach()))
    #expect(view.submitted == 507)
    try await agent.stop(SIGKILL)
    try await agent.start()
    #expect(try await view.brokenPromises(endMayBeUnknown: false) == [])
    #expect(try await agent.request("GET", "jobs/\(point.jobID)").status == 404)
    try await goesOn(agent, after: point)
  }

  @Test(.timeLimit(.minutes(60))) func ofTheSupervisorThatFindsItsJobs() async throws {
    let agent = try await installation(configuration: "max_running = 1\n")
    let trace = agent.folder.path("trace")
    let points = FaultPoint.all(
      in: try await restarted(agent, "sound", ["strace", "-D", "-o", trace] + FaultPoint.tracing))
    // agentd opens hundreds of files before its first line, and a line in the log shows that it runs.
    try await campaign("starting supervisor", points.filter { $0.call != "openat" && !$0.isOfLog }) { point in
      let traced = try await restarted(agent, point.jobID, ["strace", "-D", "-o", trace] + point.tracing)
      try await agent.start()
      var broken: [String] = []
      for (name, ranBefore) in [("\(point.jobID)-ran", true), ("\(point.jobID)-waited", false)] {
        let job = MarkingJob(id: name, agent: agent)
        guard let status = await job.status() else {
          broken.append("\(name) is lost")
          continue
        }
        broken += try job.contradictions(of: status, endMayBeUnknown: false)
        if ranBefore, status.state != .succeeded { broken.append("\(name) is \(status)") }
      }
      try await goesOn(agent, after: point)
      return (FaultPoint.hasHappened(in: traced), broken)
    }
  }

  @Test(.timeLimit(.minutes(60))) func ofTheShepherd() async throws {
    let agent = try await installation()
    let shepherd = try await TracedShepherd(of: agent)
    try shepherd.fail(at: nil)
    try await agent.start(wrapper: shepherd.wrapper)
    let sound = await ClientsView(of: "sound", at: agent)
    #expect(sound.ended?.state == .succeeded && sound.deleted == 204)
    try await campaign("shepherd", FaultPoint.all(in: try await shepherd.trace())) { point in
      try shepherd.fail(at: point)
      let view = await ClientsView(of: point.jobID, at: agent)
      let hasHappened = FaultPoint.hasHappened(in: try await shepherd.trace())
      try shepherd.fail(at: nil)
      try await goesOn(agent, after: point)
      try await agent.stop(SIGKILL)
      try await agent.start(wrapper: shepherd.wrapper)
      return (hasHappened, try await view.brokenPromises(endMayBeUnknown: true))
    }
  }

  private func installation(configuration: String = "") async throws -> Installation {
    let agent = try await Installation(configuration: "[jobs]\ncgroup = \"off\"\n\(configuration)")
    try await agent.register()
    chmod(agent.folder.path, 0o711)
    try Folder.make(agent.folder.path("gates"), mode: 0o755)
    try agent.folder.write("marks", "", mode: 0o666)
    return agent
  }

  /// Kills an agent with a running and a waiting job, lets the first one end, and starts the agent under `tracer`. Afterwards, the agent is
  /// stopped.
  ///
  /// - Returns: the trace of its calls.
  private func restarted(_ agent: Installation, _ name: String, _ tracer: [String]) async throws -> String {
    if agent.supervisorID < 0 { try await agent.start() }
    _ = try agent.gate(name)
    #expect(await MarkingJob(id: "\(name)-ran", agent: agent).submit(after: "read line < \(name)") == 201)
    #expect(await MarkingJob(id: "\(name)-waited", agent: agent).submit() == 201)
    try await wait(for: "the job to run") { !agent.shepherds.isEmpty }
    try await agent.stop(SIGKILL)
    try await agent.openGate(name)
    try await wait(for: "the shepherd's end") { agent.shepherds.isEmpty }
    do {
      try await agent.start(wrapper: tracer)
      for job in ["ran", "waited"] { _ = await MarkingJob(id: "\(name)-\(job)", agent: agent).status() }
    } catch is HarnessError {
      // It could not start; the next one can.
    }
    try await agent.stop(SIGKILL)
    try await wait(for: "strace to end") { try agent.folder.read("trace").contains("+++") }
    return try agent.folder.read("trace")
  }

  /// Checks that another job runs normally.
  private func goesOn(_ agent: Installation, after point: FaultPoint) async throws {
    let next = try await agent.finish("after-\(point.jobID)", ["/bin/echo", "well"])
    #expect(next.status.state == .succeeded && next.output == "well\n", "after \(point): \(next)")
  }

  /// Tries all points, or a sample.
  private func campaign(
    _ process: String, _ points: [FaultPoint],
    _ trial: (FaultPoint) async throws -> (hasHappened: Bool, broken: [String])
  ) async throws {
    #expect(points.count > 10)
    let chosen = Self.sample.map { Array(points.shuffled().prefix($0)) } ?? points
    var happened = 0
    for point in chosen {
      do {
        let (hasHappened, broken) = try await trial(point)
        happened += hasHappened ? 1 : 0
        #expect(broken == [], "\(process): \(point)")
      } catch {
        throw HarnessError("\(process): \(point): \(error)")
      }
    }
    print("failing writes of the \(process): \(chosen.count) of \(points.count) points, \(happened) met")
  }
}
