import AgentProtocol
import Glibc
import JobLaunch
import TestSupport
import Testing

/// Goal: after a cancel no process of the job is left, whatever session it moved to, whatever its parent, whatever signals it ignores.
struct CancelLeavesNothing {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Prints a line with its process ID for each process that must be gone afterwards.
    var script: String
    var processes: Int
  }

  static let cases = [
    Case(testDescription: "the main process alone", script: "echo $$; sleep 1000", processes: 1),
    Case(
      testDescription: "a child in another session that ignores TERM",
      script: "echo $$; setsid sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 1; done' & wait", processes: 2),
    Case(
      testDescription: "a daemon, forked twice, whose parents are gone",
      script: """
        echo $$
        setsid sh -c 'sh -c "trap : TERM; echo \\$\\$; while :; do sleep 1; done" & exit' &
        while :; do sleep 1; done
        """, processes: 2),
    Case(
      testDescription: "a stopped process", script: "echo $$; sh -c 'echo $$; kill -STOP $$; sleep 1000' & wait",
      processes: 2),
    Case(
      testDescription: "a deep tree over several sessions",
      script: """
        echo $$
        setsid sh -c 'echo $$; setsid sh -c "echo \\$\\$; trap : TERM; sleep 1000 & wait; wait" & sleep 1000' & sleep 1000
        """, processes: 3),
    Case(
      testDescription: "one that forks while it is killed",
      script: "echo $$; trap '' TERM; while :; do setsid sleep 5 & sleep 0.002; done", processes: 1),
    Case(
      testDescription: "one that is shown as a zombie because its first thread has ended",
      script: """
        echo $$; setsid python3 -c '
        import ctypes, os, signal, threading, time
        def go_on():
            while ") Z" not in open("/proc/self/task/%d/stat" % os.getpid()).read(): time.sleep(0.01)
            print(os.getpid(), flush=True)
            time.sleep(1000)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Thread(target=go_on).start()
        ctypes.CDLL(None).pthread_exit(None)
        ' & wait
        """, processes: 2),
  ]

  @Test(arguments: cases)
  func cancel(_ expected: Case) async throws { try await cancel(expected, JobBench()) }

  @Test(.enabled(if: geteuid() == 0, "mounting a cgroup2 file system needs root"), arguments: cases)
  func cancelWithControlGroups(_ expected: Case) async throws {
    let bench = try JobBench(controlGroups: true)
    try await cancel(expected, bench)
    #expect(try bench.controlGroupNames == [])
  }

  private func cancel(_ expected: Case, _ bench: JobBench) async throws {
    var request = JobRequest.shell(expected.script)
    request.killGrace = 0.2
    let job = try bench.start("job-1", request)
    let processes = try await wait(for: "the job's processes") {
      let lines = try bench.output(of: job).split(separator: "\n").compactMap { pid_t($0) }
      return lines.count == expected.processes ? lines : nil
    }
    let shepherd = job.shepherd.processID
    try job.cancel()
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .cancelled)
    #expect(outcome.reason == nil)
    #expect(outcome.left == 0)
    for process in processes { #expect(!isAlive(process), "process \(process)") }
    #expect(!isAlive(shepherd))
  }

  /// The cancel may arrive before the shepherd is ready for it.
  @Test func atOnce() async throws {
    let bench = try JobBench()
    for number in 0..<40 {
      let job = try bench.start("job-\(number)", JobRequest(command: ["sleep", "1000"]))
      if number % 2 == 1 { usleep(UInt32(number * 50)) }
      try job.cancel()
      #expect(try await bench.end(of: job).state == .cancelled)
    }
  }

  @Test func afterItsEnd() async throws {
    let bench = try JobBench()
    let job = try bench.start("job-1", JobRequest(command: ["/bin/true"]))
    #expect(try await bench.end(of: job).state == .succeeded)
    try job.cancel()
    #expect(bench.launcher.outcome(of: job).state == .succeeded)
  }
}
