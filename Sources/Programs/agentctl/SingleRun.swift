import AgentClient
import AgentProtocol
import ArgumentParser
import Synchronization

/// A job on one agent, run as if it were here: a signal, or an output that nobody reads any longer, ends it.
final class SingleRun: Sendable {
  private let job: RunningJob
  /// What to say when this program ends before the job.
  private let farewell: String
  private let closed = Mutex<OutputClosed?>(nil)

  init(_ job: RunningJob, following: String) {
    self.job = job
    farewell = "\(job.id) keeps running; follow it with: \(following)"
  }

  /// Runs the job to its end.
  ///
  /// - Parameter isJSON: whether to print the ended job instead of its output.
  /// - Returns: the exit code.
  func perform(isJSON: Bool) async throws -> Int32 {
    let interruption = Interruption { _ in
      self.stop("cancelling \(self.job.id)")
    } again: {
      complain(self.farewell)
    }
    defer { interruption.end() }
    let submission: Submission
    do { submission = try await job.submit() } catch let error as RunningJob.NotSubmitted {
      complain("\(job.id): \(error.reason)")
      return Self.code(of: interruption)
    }
    if let remark = submission.remark { complain(remark) }
    let status = try await end(isJSON)
    if isJSON {
      try printJSON(SubmittedJob(status, submission))
    } else if let sentence = status.unusualEnd {
      complain(sentence)
    }
    if interruption.signal != nil, status.state == .cancelled { return Self.code(of: interruption) }
    return closed.withLock { $0?.code } ?? status.processExitCode
  }

  private func end(_ isSilent: Bool) async throws -> JobStatus {
    do {
      return try await isSilent ? job.end() : job.end { try self.put($1, $0) }
    } catch let error as AgentError where error.mayPass {
      complain("\(error)")
      complain(farewell)
      throw ExitCode(error.status.rawValue)
    } catch let error as OutputClosed {
      complain(farewell)
      throw error
    }
  }

  private func put(_ bytes: [UInt8], _ stream: OutputStream) throws(OutputClosed) {
    if closed.withLock({ $0 != nil }) { return }
    do throws(OutputClosed) { try write(bytes, as: stream) } catch {
      guard error.readerIsGone else { throw error }
      let isFirst = closed.withLock { closed in
        defer { closed = closed ?? error }
        return closed == nil
      }
      if isFirst { stop("nobody reads \(stream.rawValue); cancelling \(job.id)") }
    }
  }

  private func stop(_ why: String) {
    complain(why)
    Task {
      do { try await job.stop() } catch { complain("cannot cancel \(job.id): \(error); \(farewell)") }
    }
  }

  private static func code(of interruption: Interruption) -> Int32 { 128 + (interruption.signal ?? 0) }
}
