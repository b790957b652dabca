import AgentProtocol
import CLinux
import Glibc
import ShepherdContract
import SystemCalls

extension JobLauncher {
  /// Finds a job that an earlier agentd ordered to start.
  ///
  /// - Throws: when the job's folder or lock cannot be read, which says nothing about the job.
  public func recover(_ id: JobID) throws(SystemError) -> RecoveredJob {
    do throws(SystemError) {
      let folder = try JobFolder(id, in: jobs)
      if let shepherd = try liveShepherd(in: folder) { return .running(RunningJob(id: id, shepherd: shepherd)) }
      return .ended(outcome(in: folder))
    } catch  where error.code == ENOENT {
      return .ended(.interrupted(.neverStarted))
    }
  }

  /// How a job ended whose shepherd has ended; reaps the shepherd if it is a child. A missing or unreadable exit record gives
  /// the state `interrupted`.
  public func outcome(of job: RunningJob) -> JobOutcome {
    // By descriptor: the number of a shepherd that is not a child may meanwhile belong to another child.
    clinux_reap(job.shepherd.descriptor.raw)
    do throws(SystemError) { return outcome(in: try JobFolder(job.id, in: jobs)) } catch {
      return .interrupted(.unreadable("\(error)"))
    }
  }

  /// The shepherd that holds the folder's lock; `nil` if none does.
  private func liveShepherd(in folder: JobFolder) throws(SystemError) -> ProcessHandle? {
    // A shepherd writes its number right after its start: a moment later it is there, or the lock is free.
    for _ in 0..<1000 {
      let (isHeld, record) = try folder.lockState()
      guard isHeld else { return nil }
      guard let record else {
        usleep(1000)
        continue
      }
      do throws(SystemError) {
        let shepherd = try ProcessHandle(record.processID)
        // Still held after the handle was taken: so it is the holder that the handle names.
        if try folder.lockState().isHeld { return shepherd }
      } catch  where error.code == ESRCH {}
    }
    throw SystemError("read", "lock of the job: held by a process that does not name itself", code: ETIMEDOUT)
  }

  private func outcome(in folder: JobFolder) -> JobOutcome {
    do {
      let bytes = try folder.read(ShepherdContract.FileName.exit, limit: ExitRecord.maximumBytes) ?? []
      if bytes.allSatisfy({ $0 == 0 }) {
        return .interrupted(try folder.lockState().record.map(Interruption.init) ?? .neverStarted)
      }
      let record = try ExitRecord(decoding: bytes)
      return JobOutcome(record, order: order(in: folder), outputBytes: folder.outputBytes())
    } catch {
      return .interrupted(.unreadable("exit record: \(error)"))
    }
  }

  private func order(in folder: JobFolder) -> Order? {
    guard let bytes = try? folder.read(ShepherdContract.FileName.order, limit: Order.maximumBytes) else { return nil }
    return try? Order(decoding: bytes)
  }
}

/// Why nobody knows how a job ended.
enum Interruption: Equatable {
  /// The shepherd did not come as far as starting it.
  case neverStarted
  /// The host went down.
  case hostRestarted
  /// The shepherd was killed, or failed.
  case shepherdKilled
  /// The record cannot be read.
  case unreadable(String)

  /// Why the holder of a lock is not there any more, without an exit record.
  init(_ record: LockRecord) {
    self = record.bootID == LockRecord.presentBootID() ? .shepherdKilled : .hostRestarted
  }

  /// The reason that a job's status gives.
  var reason: String {
    switch self {
    case .neverStarted: "agentd ended before it could start the job; the job did not run"
    case .hostRestarted: "the host went down while the job ran"
    case .shepherdKilled: "the job's shepherd was killed; processes of the job may be left"
    case .unreadable(let fact): "how the job ended cannot be read: \(fact)"
    }
  }
}
