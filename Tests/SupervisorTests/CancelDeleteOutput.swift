import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// Cancelling, deleting, and reading the output of jobs.
struct CancelDeleteOutput {
  @Test func aJobThatWaitsIsCancelledAtOnceAndNeverRuns() throws {
    let stage = try JobsStage(maxRunning: 1)
    _ = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: stage.untilReleased())))
    try stage.folder.write("mark", "", mode: 0o666)
    _ = try stage.submit("b", "/bin/sh", "-c", "echo x > \(stage.folder.path("mark"))")
    let waiting = stage.ask(.showJob(JobID("b")!, wait: 60))
    let cancelled = try stage.answer(.cancelJob(JobID("b")!))
    #expect(cancelled.status?.state == .cancelled && cancelled.status?.reason == "cancelled by CN=scheduler")
    #expect(waiting.status?.state == .cancelled)
    try stage.release()
    #expect(try stage.end("a").state == .succeeded)
    #expect(try stage.folder.read("mark") == "")
    #expect(stage.jobs.capacity.running == 0 && stage.jobs.capacity.queued == 0)
  }

  @Test func aRunningJobEndsAsCancelled() throws {
    let stage = try JobsStage()
    _ = try stage.submit("a", "/bin/sleep", "600")
    // Its end may come before the answer.
    let state = try stage.answer(.cancelJob(JobID("a")!)).status?.state
    #expect(state == .running || state == .cancelled)
    let end = try stage.end("a")
    #expect(end.state == .cancelled && end.reason == "cancelled by CN=scheduler")
    #expect(try stage.answer(.cancelJob(JobID("a")!)).status?.state == .cancelled)
    #expect(try stage.answer(.cancelJob(JobID("none")!)).problem == .notFound)
  }

  @Test func aJobCancelledInTheTurnOfItsSubmitNeverRuns() throws {
    let stage = try JobsStage()
    try stage.folder.write("mark", "", mode: 0o666)
    let job = JobRequest(command: ["/bin/sh", "-c", "echo x > \(stage.folder.path("mark"))"])
    _ = stage.ask(.submitJob(JobID("a")!, job))
    _ = stage.ask(.cancelJob(JobID("a")!))
    #expect(try stage.end("a").state == .cancelled)
    #expect(try stage.folder.read("mark") == "")
  }

  @Test func onlyAJobThatHasEndedIsForgotten() throws {
    let stage = try JobsStage()
    _ = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: stage.untilReleased())))
    #expect(try stage.answer(.deleteJob(JobID("a")!)).problem == .conflict)
    try stage.release()
    _ = try stage.end("a")
    guard case .deleted = try stage.answer(.deleteJob(JobID("a")!)).answer else {
      Issue.record("not deleted")
      return
    }
    #expect(try stage.answer(.deleteJob(JobID("a")!)).problem == .notFound)
    #expect(access(stage.folder.path("jobs/a"), F_OK) != 0)
    // The id can be used again.
    #expect(try stage.submit("a", "/bin/true").created == true)
  }

  @Test func outputIsHandedOverReadOnly() throws {
    let stage = try JobsStage()
    _ = try stage.submit("a", "/bin/echo", "hello")
    _ = try stage.end("a")
    let opened = try stage.answer(.openOutput(JobID("a")!, follow: true))
    guard case .output(let status, let watch) = opened.answer else {
      Issue.record("no output")
      return
    }
    #expect(status.state == .succeeded && watch == nil)
    #expect(try opened.descriptors[0].readAll(limit: 100) == Array("hello\n".utf8))
    let raw = opened.descriptors[0].raw
    #expect(fcntl(raw, F_GETFL) & O_ACCMODE == O_RDONLY)
  }

  @Test func aFollowerIsToldOfEveryWriteAndOfTheEnd() throws {
    let stage = try JobsStage()
    let command = ["/bin/sh", "-c", "echo one; " + stage.untilReleased()[2] + "; echo two"]
    _ = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: command)))
    let opened = try stage.answer(.openOutput(JobID("a")!, follow: true))
    guard case .output(_, .some(let watch)) = opened.answer else {
      Issue.record("no watch")
      return
    }
    try stage.release()
    _ = try stage.end("a")
    let events = Self.events(stage.inotify)
    #expect(events.contains { $0.watch == watch && $0.mask & UInt32(IN_MODIFY) != 0 })
    #expect(events.last?.mask ?? 0 & UInt32(IN_IGNORED) != 0)
    #expect(try opened.descriptors[0].readAll(limit: 100) == Array("one\ntwo\n".utf8))
  }

  @Test func aFollowerOfAJobThatWaitsIsAnsweredWhenItStarts() throws {
    let stage = try JobsStage(maxRunning: 1)
    _ = try stage.answer(.submitJob(JobID("a")!, JobRequest(command: stage.untilReleased())))
    _ = try stage.submit("b", "/bin/echo", "b")
    _ = try stage.submit("c", "/bin/echo", "c")
    let followers = ["b", "c"].map { stage.ask(.openOutput(JobID($0)!, follow: true)) }
    guard case .output(_, nil) = try stage.answer(.openOutput(JobID("b")!, follow: false)).answer else {
      Issue.record("what a waiting job has written cannot be read")
      return
    }
    #expect(followers.allSatisfy { $0.answer == nil })
    // One that will never start.
    _ = try stage.answer(.cancelJob(JobID("c")!))
    try stage.reactor.turns(until: "an answer") { followers[1].answer != nil }
    #expect(try followers[1].descriptors[0].readAll(limit: 100).isEmpty)
    try stage.release()
    try stage.reactor.turns(until: "an answer") { followers[0].answer != nil }
    _ = try stage.end("b")
    #expect(try followers[0].descriptors[0].readAll(limit: 100) == Array("b\n".utf8))
  }

  private static func events(_ inotify: FileDescriptor) -> [(watch: Int32, mask: UInt32)] {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = read(inotify.raw, &buffer, buffer.count)
    var (events, offset): ([(Int32, UInt32)], Int) = ([], 0)
    while offset + 16 <= count {
      let numbers = buffer.withUnsafeBytes { bytes in
        (0..<4).map { bytes.loadUnaligned(fromByteOffset: offset + $0 * 4, as: UInt32.self) }
      }
      events.append((Int32(bitPattern: numbers[0]), numbers[1]))
      offset += 16 + Int(numbers[3])
    }
    return events
  }
}
