import AgentProtocol
import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// A job whose shepherd has been ordered, and may not run yet.
public struct LaunchedJob: Sendable {
  /// The job.
  public let id: JobID
  /// Becomes readable when the shepherd runs, or will never run.
  public let report: FileDescriptor
  /// What is remembered of its order.
  public let order: RecalledOrder

  /// What has become of the order.
  public enum Start: Sendable {
    /// It is not carried out yet.
    case awaited
    /// The shepherd runs.
    case running(RunningJob)
    /// Nothing was started, and the order will not be carried out: the server that had it, or the shepherd, was killed.
    case dropped
    /// Nothing was started, because the host does not allow it.
    case refused(LaunchRefusal)
    /// The shepherd has ended.
    case ended(JobOutcome)
  }
}

extension JobLauncher {
  /// Returns what has become of an order, without waiting.
  ///
  /// - Parameter wasReported: whether the job's report is readable. If the result is `.awaited` all the same, ask again some milliseconds
  ///   later, without a report.
  public func start(of job: LaunchedJob, wasReported: Bool) -> LaunchedJob.Start {
    guard wasReported else { return found(job) }
    var packet = [UInt8](repeating: 0, count: 8)
    var (handle, handles): (Int32, Int) = (-1, 0)
    let count = clinux_receive_with_descriptors(job.report.raw, &packet, packet.count, &handle, 1, &handles)
    if count < 0, errno == EAGAIN || errno == EINTR { return .awaited }
    let received = handles == 1 ? FileDescriptor(owning: handle) : nil
    switch ShepherdContract.StartReport(decoding: packet.prefix(max(count, 0))) {
    case .started(let process):
      guard let shepherd = received.map({ ProcessHandle(process, owning: $0) }) ?? (try? ProcessHandle(process)) else {
        return found(job)
      }
      return .running(RunningJob(id: job.id, shepherd: shepherd, report: job.report, order: job.order))
    case .failed(let code):
      removeControlGroup(job.order)
      let failure = StartFailure(stage: .process, code: code)
      return .refused(LaunchRefusal(failure.inWords(nil), isOfTheMoment: failure.isOfTheMoment))
    case nil: return found(job)
    }
  }

  /// Returns what has become of an order whose shepherd did not report, or has gone.
  private func found(_ job: LaunchedJob) -> LaunchedJob.Start {
    do throws(SystemError) {
      switch try state(of: job.id, job.order) {
      // It is just ending, or still to be started.
      case .locked: return .awaited
      case .running(let job): return .running(job)
      case .neverStarted:
        removeControlGroup(job.order)
        return .dropped
      case .ended(let outcome): return .ended(outcome)
      }
    } catch  where [EMFILE, ENFILE, ENOMEM].contains(error.code) {
      return .awaited
    } catch {
      return .ended(.interrupted(.unreadable("\(error)")))
    }
  }

  /// Launches a job and waits until its shepherd runs. For a process that has nothing else to do.
  ///
  /// - Throws: `LaunchRefusal`; then nothing was started and no folder is left.
  public func launchAndWait(
    _ id: JobID, _ request: JobRequest, as account: Account
  ) throws(LaunchRefusal) -> RunningJob {
    for _ in 0..<Self.mostLaunches {
      guard let launched = try launch(id, request, as: account) else {
        usleep(Self.launchPause)
        continue
      }
      var ready = pollfd(fd: launched.report.raw, events: Int16(POLLIN), revents: 0)
      poll(&ready, 1, -1)
      var start = self.start(of: launched, wasReported: true)
      while case .awaited = start {
        usleep(Self.launchPause)
        start = self.start(of: launched, wasReported: false)
      }
      switch start {
      case .running(let job): return job
      case .refused(let refusal): throw refusal
      case .ended(let outcome): throw LaunchRefusal(outcome.reason ?? "the job's shepherd has ended")
      case .awaited, .dropped: continue
      }
    }
    throw LaunchRefusal("cannot start the job's shepherd: the shepherd server ends before it has done so")
  }

  /// How often the start of a job is tried whose shepherds end before they have started it.
  public static let mostLaunches = 5
  private static let launchPause: UInt32 = 1000
}
