import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport
import Testing

/// Goal: a job writes to its output as at a shell: it opens it again by name, appending or truncating, as any user, and every byte is kept.
struct OutputGoesThroughAPipe {
  struct Case: Sendable, CustomTestStringConvertible {
    var script: String
    var output: String
    var errors: String?
    var testDescription: String { script }
  }

  static let cases = [
    Case(script: "echo hi > /dev/stdout", output: "hi\n"),
    Case(script: "echo hi >> /dev/stdout", output: "hi\n"),
    Case(script: "echo hi | tee /dev/stderr", output: "hi\nhi\n"),
    Case(script: "echo hi | tee -a /proc/self/fd/2 > /proc/self/fd/1", output: "hi\nhi\n"),
    Case(script: "echo hi | dd of=/dev/stdout status=none", output: "hi\n"),
    Case(
      script: "echo one; echo two > /dev/stdout; echo three; : > /dev/stderr; echo four",
      output: "one\ntwo\nthree\nfour\n"),
    Case(script: "exec 3<>/dev/stdout; echo three >&3; exec 3>&-; echo more", output: "three\nmore\n"),
    Case(script: "python3 -c 'print(1, file=open(\"/dev/stdout\", \"w\"))'; echo 2", output: "1\n2\n"),
    Case(script: "echo out > /dev/stdout; echo err > /dev/stderr", output: "out\n", errors: "err\n"),
    Case(script: "echo err | tee /dev/stderr > /dev/null; echo out >> /dev/fd/1", output: "out\n", errors: "err\n"),
    Case(script: "exec 2>&-; echo out", output: "out\n", errors: ""),
    Case(script: "exec >&- 2>&-; sleep 0.1", output: ""),
    Case(script: "exec >&-; sleep 0.1; echo err >&2", output: "", errors: "err\n"),
    Case(script: "printf '\\000\\377\\000'; printf x", output: "\0\u{fffd}\0x"),
  ]

  private func check(_ expected: Case, as account: Account) async throws {
    let bench = try JobBench()
    var request = JobRequest.shell(expected.script)
    request.stderr = expected.errors == nil ? nil : .separate
    request.directory = "/"
    let job = try bench.launcher.launchAndWait(JobID("job-1")!, request, as: account)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .succeeded && outcome.reason == nil && outcome.killed == 0, "\(outcome)")
    #expect(try bench.output(of: job) == expected.output)
    let errors = try? bench.launcher.openOutput(of: job.id, .stderr).readAll(limit: 1 << 20)
    #expect(errors.map { String(decoding: $0, as: UTF8.self) } == expected.errors)
    #expect(outcome.outputBytesDropped == 0 && outcome.diskWasFull == false)
  }

  @Test(arguments: cases)
  func asThisUser(_ expected: Case) async throws { try await check(expected, as: Account.resolve(nil)) }

  @Test(.enabled(if: geteuid() == 0, "taking on another user needs root"), arguments: cases)
  func asAnotherUser(_ expected: Case) async throws { try await check(expected, as: JobsStartClean.account) }

  /// Many writers, many sizes, and more than any pipe holds.
  @Test(arguments: [1, 4096, 65_536, 1_000_003], [nil, ErrorOutput.separate])
  func everyByte(_ block: Int, _ stderr: ErrorOutput?) async throws {
    let bench = try JobBench()
    let size = 8_000_024 / block * block
    var request = JobRequest.shell(
      "head -c \(block == 1 ? 20_000 : size) /dev/urandom > copy; dd if=copy bs=\(block) status=none; exit 4")
    request.directory = bench.home.path
    request.stderr = stderr
    let job = try bench.start("job-1", request)
    let outcome = try await bench.end(of: job)
    #expect(outcome.exitCode == 4 && outcome.outputBytesDropped == 0)
    let copy = try DurableFile.read(bench.home.path("copy"), limit: 1 << 24)
    #expect(try bench.launcher.openOutput(of: job.id).readAll(limit: 1 << 24) == copy)
    #expect(outcome.outputBytes == Int64(copy.count))
  }

  /// A process that makes its descriptor non-blocking changes only its own side.
  @Test func aNonBlockingWriterLosesNothingThatItWrote() async throws {
    let (outcome, output) = try await JobBench().run(
      JobRequest(command: [
        "python3", "-c",
        """
        import os
        os.set_blocking(1, False)
        written = 0
        while written < 2_000_000:
          try: written += os.write(1, b"x" * 5000)
          except BlockingIOError: pass
        os.write(2, b"%d" % written)
        """,
      ]))
    #expect(outcome.state == .succeeded)
    #expect(output.utf8.count { $0 == UInt8(ascii: "x") } == Int(output.split(separator: "x").last ?? ""))
  }

  /// A stopped shepherd holds its job, and nothing is lost.
  @Test func aStoppedShepherdHoldsTheJob() async throws {
    let bench = try JobBench()
    var request = JobRequest.shell("echo begun; read line < go; head -c 3000000 /dev/zero; echo > done")
    request.directory = bench.home.path
    try #require(mkfifo(bench.home.path("go"), 0o600) == 0)
    let job = try bench.start("job-1", request)
    try await wait(for: "the job") { try bench.output(of: job) == "begun\n" }
    let main = try #require(pid_t(bench.home.read("jobs/job-1/main").split(separator: " ")[0]))
    try job.shepherd.send(SIGSTOP)
    try bench.home.write("go", "\n")
    // head(1), the child, waits for room in the pipe.
    try await wait(for: "a full pipe") {
      let children = (try? DurableFile.read("/proc/\(main)/task/\(main)/children", limit: 1000)) ?? []
      guard let head = children.split(separator: UInt8(ascii: " ")).first.flatMap(ProcessNumbers.parse) else {
        return false
      }
      let call = (try? DurableFile.read("/proc/\(head)/syscall", limit: 1000)) ?? []
      // NUMBER DESCRIPTOR ...
      return call.split(separator: UInt8(ascii: " ")).dropFirst().first == Array("0x1".utf8)[...]
    }
    #expect(access(bench.home.path("done"), F_OK) != 0)
    try job.shepherd.send(SIGCONT)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .succeeded && outcome.outputBytes == 3_000_006)
  }

  /// A killed shepherd ends the pipe: the job learns of it, and what had been moved is kept.
  @Test func aKilledShepherdEndsThePipe() async throws {
    let bench = try JobBench()
    let script = "trap '' PIPE; echo begun; read line < go; echo lost 2> why; echo end >> why; exec sleep 1000"
    var request = JobRequest(command: ["/bin/bash", "-c", script])
    request.directory = bench.home.path
    try #require(mkfifo(bench.home.path("go"), 0o600) == 0)
    let job = try bench.start("job-1", request)
    try await wait(for: "the job") { try bench.output(of: job) == "begun\n" }
    try job.shepherd.send(SIGKILL)
    let lost = try await bench.end(of: job)
    try bench.home.write("go", "\n")
    try await wait(for: "the failed write") { (try? bench.home.read("why"))?.hasSuffix("\nend\n") == true }
    #expect(try bench.home.read("why").contains("Broken pipe"))
    #expect(try bench.output(of: job) == "begun\n")
    #expect(lost.reason == "the job's shepherd was killed; up to 256 KiB of its last output is lost")
    var remains = [JobRemains(of: job.id, job.order, bench.launcher)]
    try await wait(for: "an end of what is left") { !JobRemains.end(&remains) }
  }
}
