import AgentProtocol
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

  /// How a job ended whose shepherd has ended, or has reported the end; reaps the shepherd if it has ended and is a child. A missing or unreadable exit record gives
  /// the state `interrupted`.
  public func outcome(of job: RunningJob) -> JobOutcome {
    job.reap()
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
    throw SystemError("read", "lock of the job: held by an unknown process", code: ETIMEDOUT)
  }

  private func outcome(in folder: JobFolder) -> JobOutcome {
    let order = order(in: folder)
    do {
      let bytes = try folder.read(ShepherdContract.FileName.exit, limit: ExitRecord.maximumBytes) ?? []
      if bytes.allSatisfy({ $0 == 0 }) {
        return .interrupted(try folder.lockState().record.map(Interruption.init) ?? .neverStarted)
      }
      let record = try ExitRecord(decoding: bytes)
      removeControlGroup(order)
      var outcome = JobOutcome(record, order: order, canceller: canceller(in: folder))
      outcome.outputBytes = folder.outputBytes(.stdout)
      outcome.stderrBytes = folder.outputBytes(.stderr)
      return outcome
    } catch {
      return .interrupted(.unreadable("exit record: \(error)"))
    }
  }

  /// Its shepherd has ended: nothing is in the group, or nothing that can be ended.
  private func removeControlGroup(_ order: Order?) {
    if let path = order?.controlGroup { rmdir(String(decoding: path, as: UTF8.self)) }
  }

  private func canceller(in folder: JobFolder) -> String? {
    guard let bytes = try? folder.read(ShepherdContract.FileName.cancel, limit: 65536) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  func order(in folder: JobFolder) -> Order? {
    guard let bytes = try? folder.read(ShepherdContract.FileName.order, limit: Order.maximumBytes) else { return nil }
    return try? Order(decoding: bytes)
  }
}

/// Why nobody knows how a job ended.
enum Interruption: Equatable {
  /// Nothing of a start is on disk: the shepherd did not come as far, or a power cut took what was not yet written.
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
    case .neverStarted: "agentd or the host went down while the job was being started; it may have run"
    case .hostRestarted: "the host went down while the job ran"
    case .shepherdKilled: "the job's shepherd was killed"
    case .unreadable(let fact): "how the job ended cannot be read: \(fact)"
    }
  }

  /// Whether processes of the job may still be there.
  var mayHaveRemains: Bool {
    switch self {
    case .neverStarted, .hostRestarted: false
    case .shepherdKilled, .unreadable: true
    }
  }
}
