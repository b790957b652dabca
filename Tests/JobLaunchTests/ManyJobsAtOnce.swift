import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

/// Goal: a hundred concurrent jobs do not interfere with each other, and leave no process or descriptor.
struct ManyJobsAtOnce {
  @Test func aHundred() async throws {
    let bench = try JobBench()
    let jobs = try (0..<100).map { try bench.start("job-\($0)", .shell("echo \($0); exit \($0)")) }
    for (number, job) in jobs.enumerated() {
      let outcome = try await bench.end(of: job)
      #expect(outcome.exitCode == Int32(number))
      #expect(try bench.output(of: job) == "\(number)\n")
      #expect(!isAlive(job.shepherd.processID))
    }
    #expect(try bench.launcher.ids().count == 100)
  }

  /// A job may end at any point in its shepherd's life: of many short ones, some end at each.
  @Test func shortOnes() async throws {
    // In memory: only the number of jobs matters here, not the disk.
    let bench = try JobBench(in: "/dev/shm")
    for round in 0..<30 {
      let jobs = try (0..<20).map { try bench.start("job-\(round)-\($0)", JobRequest(command: ["/bin/true"])) }
      for job in jobs { #expect(try await bench.end(of: job).state == .succeeded) }
    }
  }
}

/// Goal: a shepherd is recognisable, and signals from a terminal to agentd do not reach it.
struct ShepherdsKeepToThemselves {
  @Test func titleSessionAndSignals() async throws {
    let bench = try JobBench()
    let job = try bench.start(
      "nightly-1", .shell("echo ready; cd \(bench.home.path); while [ ! -e go ]; do sleep 0.02; done; exit 4"))
    try await wait(for: "the job") { try bench.output(of: job) == "ready\n" }
    let shepherd = job.shepherd.processID
    let title = try DurableFile.read("/proc/\(shepherd)/cmdline", limit: 1000)
    #expect(String(decoding: title, as: UTF8.self) == "agentd-shepherd: nightly-1\0")
    #expect(getsid(shepherd) == shepherd)
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE] { try job.shepherd.send(signal) }
    try bench.home.write("go", "")
    #expect(try await bench.end(of: job).exitCode == 4)
  }

  @Test func usageOfTheWholeJob() async throws {
    let bench = try JobBench()
    // A grandchild does the work, for which only the shepherd waits.
    let script = "(setsid sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; touch \(bench.home.path)/done' &)"
    let request = JobRequest.shell("\(script); while [ ! -e \(bench.home.path)/done ]; do sleep 0.01; done")
    let outcome = try await bench.run(request).outcome
    #expect(outcome.state == .succeeded)
    #expect(try #require(outcome.cpuSeconds) > 0.02)
    #expect((500_000...100_000_000).contains(try #require(outcome.peakMemoryBytes)))
  }
}
