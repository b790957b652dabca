import AgentProtocol
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing

@testable import Listener

/// Long requests: waits, and output that grows while it is read.
struct WaitingAndFollowing {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("output", "")
  }

  private func append(_ text: String) throws {
    try FileDescriptor.open(folder.path("output"), O_WRONLY | O_APPEND).writeAll(Array(text.utf8))
  }

  /// Answers `openOutput` with the file and a watch like the supervisor's.
  private func answerOutput(_ listener: RunningListener, _ number: UInt64, _ state: JobState = .running) throws {
    let path = folder.path("output")
    let watch = try checked("inotify_add_watch") { inotify_add_watch(listener.inotify.raw, path, UInt32(IN_MODIFY)) }
    let file = try FileDescriptor.open(path, O_RDONLY)
    try listener.supervisor.answer(number, .output(try .sample("j1", state), watch: watch), [file])
  }

  private func request(_ listener: RunningListener, _ count: Int = 1, _ matches: @escaping (JobCommand) -> Bool)
    async throws
    -> UInt64
  {
    try await wait(for: "a request") {
      let numbers = listener.supervisor.requests.filter { matches($0.command) }.map(\.number)
      return numbers.count >= count ? numbers[count - 1] : nil
    }
  }

  @Test func aWaitIsAnsweredWhenTheSupervisorAnswers() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let client = try TestProcess(RunningListener.curl() + ["\(listener.url)/v1/jobs/j1?wait=30"])
    let number = try await request(listener) { $0 == .showJob(RequestTable.id("j1"), wait: 30) }
    #expect(try await listener.curl("\(listener.url)/v1/agent").end == .exited(0), "others are served meanwhile")
    #expect(client.outputText == "")
    try listener.supervisor.answer(number, .job(try .sample("j1", .succeeded), created: false))
    #expect(try await client.end().outputText.contains(#""state":"succeeded""#))
  }

  @Test func aClientThatGoesAwayIsNotWaitedFor() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let client = try TestProcess(RunningListener.curl() + ["\(listener.url)/v1/jobs/j1?wait=30"])
    let number = try await request(listener) { $0 == .showJob(RequestTable.id("j1"), wait: 30) }
    try client.handle.send(SIGKILL)
    _ = try await client.end()
    try await wait(for: "the request to be abandoned") { listener.supervisor.abandoned == [number] }
    // An answer that crosses the abandonment is discarded.
    try listener.supervisor.answer(number, .job(try .sample("j1", .succeeded), created: false))
    #expect(try await listener.curl("\(listener.url)/v1/agent").end == .exited(0))
  }

  @Test func followersSeeWhatTheJobWritesWhenItWritesIt() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let url = "\(listener.url)/v1/jobs/j1/output?follow"
    let first = try TestProcess(RunningListener.curl() + ["-N", url])
    try answerOutput(listener, await request(listener) { $0 == .openOutput(RequestTable.id("j1"), follow: true) })
    let firstEnd = try await request(listener) { $0 == .showJob(RequestTable.id("j1"), wait: 3600) }
    try append("one\n")
    try await wait(for: "the first line") { first.outputText == "one\n" }
    let second = try TestProcess(RunningListener.curl() + ["-N", "\(url)&offset=2"])
    try answerOutput(listener, await request(listener, 2) { $0 == .openOutput(RequestTable.id("j1"), follow: true) })
    let secondEnd = try await request(listener, 2) { $0 == .showJob(RequestTable.id("j1"), wait: 3600) }
    for line in ["two\n", "three\n"] {
      try append(line)
      try await wait(for: "the next line") { first.outputText.hasSuffix(line) && second.outputText.hasSuffix(line) }
    }
    try append("last without a line end")
    for number in [firstEnd, secondEnd] {
      try listener.supervisor.answer(number, .job(try .sample("j1", .succeeded), created: false))
    }
    let (one, two) = try await (first.end(), second.end())
    #expect(one.end == .exited(0) && two.end == .exited(0), "\(one.errorText) \(two.errorText)")
    #expect(one.outputText == "one\ntwo\nthree\nlast without a line end")
    #expect(two.outputText == "e\ntwo\nthree\nlast without a line end")
    #expect(listener.supervisor.abandoned.isEmpty)
  }

  @Test func aFollowerThatGoesAwayIsForgotten() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let client = try TestProcess(RunningListener.curl() + ["-N", "\(listener.url)/v1/jobs/j1/output?follow"])
    try answerOutput(listener, await request(listener) { $0 == .openOutput(RequestTable.id("j1"), follow: true) })
    let number = try await request(listener) { $0 == .showJob(RequestTable.id("j1"), wait: 3600) }
    try append("one\n")
    try await wait(for: "the first line") { client.outputText == "one\n" }
    try client.handle.send(SIGKILL)
    _ = try await client.end()
    try await wait(for: "the wait to be abandoned") { listener.supervisor.abandoned == [number] }
  }

  @Test func partsByCurlsOwnResume() async throws {
    try append("0123456789")
    let path = folder.path("output")
    let listener = try RunningListener { _, _, command in
      guard let file = try? FileDescriptor.open(path, O_RDONLY), let job = try? JobStatus.sample("j1", .failed) else {
        return nil
      }
      return (.output(job, watch: nil), [file])
    }
    _ = try await listener.ready()
    let part = try folder.write("part", "0123")
    let resumed = try await listener.curl("-C", "-", "-o", part, "\(listener.url)/v1/jobs/j1/output")
    #expect(resumed.end == .exited(0), "\(resumed.errorText)")
    #expect(try folder.read("part") == "0123456789")
    #expect(try await listener.curl("-r", "-3", "\(listener.url)/v1/jobs/j1/output").outputText == "789")
  }

  /// A gibibyte for a client that stops reading: the listener holds no more of it than one connection's buffers.
  @Test func aClientThatDoesNotReadCostsNoMemory() async throws {
    let path = folder.path("large")
    try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600).close()
    try checked("truncate", path) { truncate(path, 1 << 30) }
    let listener = try RunningListener { _, _, command in
      guard let file = try? FileDescriptor.open(path, O_RDONLY), let job = try? JobStatus.sample("j1", .failed) else {
        return nil
      }
      return (.output(job, watch: nil), [file])
    }
    _ = try await listener.ready()
    let client = try TestProcess(
      RunningListener.curl() + [
        "-N", "--limit-rate", "1000", "-o", folder.path("part"), "\(listener.url)/v1/jobs/j1/output",
      ])
    try await wait(for: "the first bytes") { (try? folder.read("part").isEmpty) == false }
    try client.handle.send(SIGSTOP)
    let before = try residentBytes()
    var unchanged = 0
    var queued = -1
    try await wait(for: "the socket to be full") {
      let now = try sendQueue(of: listener.port)
      unchanged = now > 0 && now == queued ? unchanged + 1 : 0
      queued = now
      return unchanged == 40
    }
    #expect(try residentBytes() - before < 1 << 28)
    try client.handle.send(SIGKILL)
    _ = try await client.end()
  }

  private func residentBytes() throws -> Int {
    let status = String(decoding: try DurableFile.read("/proc/self/status", limit: 1 << 16), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
  }

  /// Returns how many bytes the kernel holds for the client of the listener on `port`, from /proc/net/tcp.
  private func sendQueue(of port: Int) throws -> Int {
    let table = String(decoding: try DurableFile.read("/proc/net/tcp", limit: 1 << 22), as: UTF8.self)
    let digits = String(port, radix: 16, uppercase: true)
    let local = ":" + String(repeating: "0", count: 4 - digits.count) + digits
    for line in table.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: " ")
      guard fields[1].hasSuffix(local), fields[3] == "01" else { continue }
      return Int(fields[4].prefix(8), radix: 16) ?? 0
    }
    return 0
  }
}
