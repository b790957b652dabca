import AgentProtocol
import Glibc
import JobLaunch
import TestSupport
import Testing

/// Goal: a job that requests it has its standard error in a separate file, byte for byte; any other has both streams in one, in order.
struct ErrorsCanBeKeptApart {
  private func run(
    _ script: String, _ stderr: ErrorOutput?, limit: Int64? = nil, controlGroups: Bool = false
  ) async throws -> (outcome: JobOutcome, output: [UInt8], errors: [UInt8]?) {
    let bench = try JobBench(controlGroups: controlGroups)
    var request = JobRequest.shell(script)
    request.stderr = stderr
    request.outputLimit = limit
    let job = try bench.start("job-1", request)
    let outcome = try await bench.end(of: job)
    let output = try bench.launcher.openOutput(of: job.id).readAll(limit: 1 << 24)
    return (outcome, output, try? bench.launcher.openOutput(of: job.id, .stderr).readAll(limit: 1 << 24))
  }

  private static let script = #"printf 'out\0one\n'; printf 'err\377\n' >&2; printf 'two\n'; exit 3"#

  @Test func apart() async throws {
    let (outcome, output, errors) = try await run(Self.script, .separate)
    #expect(output == Array("out\0one\ntwo\n".utf8))
    #expect(errors == Array("err".utf8) + [0xff, 0x0a])
    #expect(outcome.outputBytes == 12 && outcome.stderrBytes == 5 && outcome.outputBytesDropped == 0)
    #expect(outcome.exitCode == 3 && outcome.reason == nil)
  }

  @Test func together() async throws {
    let (outcome, output, errors) = try await run(Self.script, nil)
    #expect(output == Array("out\0one\nerr".utf8) + [0xff] + Array("\ntwo\n".utf8))
    #expect(errors == nil)
    #expect(outcome.outputBytes == 17 && outcome.stderrBytes == nil)
  }

  /// Its descriptor comes after that of the group.
  @Test(.enabled(if: geteuid() == 0, "only root can mount control groups"))
  func apartInAControlGroup() async throws {
    let (outcome, output, errors) = try await run("echo out; echo err >&2", .separate, controlGroups: true)
    #expect(outcome.state == .succeeded)
    #expect(output == Array("out\n".utf8))
    #expect(errors == Array("err\n".utf8))
  }

  /// A job gets its own streams and nothing else.
  @Test func nothingElseIsOpen() async throws {
    let (_, output, _) = try await run("ls /proc/self/fd", .separate)
    // ls itself has the folder open, as 3.
    #expect(String(decoding: output, as: UTF8.self) == "0\n1\n2\n3\n")
  }

  /// Although the first look finds a flood beyond the limit on the other stream.
  @Test(arguments: ["echo few >&2; yes", "echo few; yes >&2"])
  func aFloodLeavesAShortMessage(_ script: String) async throws {
    let (outcome, output, errors) = try await run(script, .separate, limit: 1000)
    #expect(outcome.state == .outputLimit)
    #expect((script.hasPrefix("echo few;") ? output : errors) == Array("few\n".utf8))
    #expect(output.count + (errors?.count ?? 0) == 1000)
  }

  @Test(arguments: ["yes", "yes >&2", "yes & exec yes >&2", "head -c 900000 /dev/zero; head -c 900000 /dev/zero >&2"])
  func theLimitIsOfBoth(_ script: String) async throws {
    let (outcome, output, errors) = try await run("echo few; \(script)", .separate, limit: 1_000_000)
    #expect(outcome.state == .outputLimit)
    #expect(output.count + (errors?.count ?? 0) == 1_000_000)
    #expect(outcome.outputBytes == Int64(output.count) && outcome.stderrBytes == errors.map { Int64($0.count) })
    #expect(try #require(outcome.outputBytesDropped) > 0)
    if script == "yes >&2" { #expect(output == Array("few\n".utf8)) }
  }
}
