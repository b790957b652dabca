import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls

extension JobLauncher {
  /// Finds a job whose start an earlier agentd ordered.
  ///
  /// - Parameter order: what is known of its order.
  /// - Throws: `SystemError` if the job's folder or lock cannot be read, which says nothing about the job.
  public func recover(_ id: JobID, _ order: RecalledOrder? = nil) throws(SystemError) -> RecoveredJob {
    // A shepherd writes its process ID right after its start: soon it is there, or the lock is free.
    for _ in 0..<1000 {
      switch try state(of: id, order) {
      case .locked: usleep(1000)
      case .running(let job): return .running(job)
      case .neverStarted: return .ended(.interrupted(.neverStarted))
      case .ended(let outcome): return .ended(outcome)
      }
    }
    throw SystemError("read", "lock of the job: held by an unknown process", code: ETIMEDOUT)
  }

  /// Returns whether the client cancelled the job.
  public func isCancelled(_ id: JobID) -> Bool {
    (try? JobFolder(id, in: jobs)).flatMap { canceller(in: $0) } != nil
  }

  /// What the folder of a job says about its shepherd.
  enum FolderState {
    /// The lock is held by a process that has not written who it is, or not any more.
    case locked
    /// The shepherd runs.
    case running(RunningJob)
    /// No shepherd has started the job, and none will.
    case neverStarted
    /// The job, or its shepherd, has ended.
    case ended(JobOutcome)
  }

  func state(of id: JobID, _ order: RecalledOrder?) throws(SystemError) -> FolderState {
    do throws(SystemError) {
      let folder = try JobFolder(id, in: jobs)
      let (isHeld, record) = try folder.lockState()
      guard isHeld else {
        return outcome(in: folder, order).map { .ended($0) } ?? .neverStarted
      }
      guard let record else { return .locked }
      do throws(SystemError) {
        let shepherd = try ProcessHandle(record.processID)
        // The lock is still held after the handle was opened, so the handle refers to its holder.
        if try folder.lockState().isHeld { return .running(RunningJob(id: id, shepherd: shepherd, order: order)) }
      } catch  where error.code == ESRCH {}
      return .locked
    } catch  where error.code == ENOENT {
      return .neverStarted
    }
  }

  /// Returns the outcome of a job whose shepherd has ended, or has reported the job's end.
  ///
  /// Reaps the shepherd if it has ended and is a child. A missing or unreadable exit record results in the state `interrupted`.
  public func outcome(of job: RunningJob) -> JobOutcome {
    job.reap()
    do throws(SystemError) {
      let folder = try JobFolder(job.id, in: jobs)
      return outcome(in: folder, job.order) ?? .interrupted(.neverStarted)
    } catch {
      return .interrupted(.unreadable("\(error)"))
    }
  }

  /// Returns the outcome of a job that no shepherd holds; `nil` if none has started it.
  private func outcome(in folder: JobFolder, _ recalled: RecalledOrder?) -> JobOutcome? {
    do {
      // The lock becomes the exit record: a shepherd may be killed before the file is renamed, and a power failure may leave the old
      // contents under the new name.
      let exit = try folder.read(ShepherdContract.FileName.exit, limit: ExitRecord.maximumBytes) ?? []
      let hasEnded = !exit.allSatisfy { $0 == 0 }
      let bytes =
        hasEnded ? exit : try folder.read(ShepherdContract.FileName.lock, limit: ExitRecord.maximumBytes) ?? []
      if let holder = LockRecord(decoding: bytes) { return .interrupted(Interruption(holder)) }
      let record: ExitRecord
      do throws(ContractError) { record = try ExitRecord(decoding: bytes) } catch {
        if !hasEnded { return nil }
        throw error
      }
      let order = order(in: folder) ?? recalled?.order
      removeControlGroup(order)
      var outcome = JobOutcome(
        record, order: order, canceller: canceller(in: folder), homeFault: homeFault(order, in: folder))
      outcome.outputBytes = folder.outputBytes(.stdout)
      outcome.stderrBytes = folder.outputBytes(.stderr)
      return outcome
    } catch {
      return .interrupted(.unreadable("exit record: \(error)"))
    }
  }

  /// Removes the control group. The shepherd has ended, so the group is empty, or has only processes that cannot be killed or may stay.
  func removeControlGroup(_ order: RecalledOrder?) { removeControlGroup(order?.order) }

  private func removeControlGroup(_ order: Order?) {
    if let path = order?.controlGroup { rmdir(String(decoding: path, as: UTF8.self)) }
  }

  private func homeFault(_ order: Order?, in folder: JobFolder) -> Int32? {
    guard order?.mayStartInRoot == true else { return nil }
    let bytes = (try? folder.read(ShepherdContract.FileName.home, limit: 16)) ?? []
    return Int32(String(decoding: bytes, as: UTF8.self))
  }

  private func canceller(in folder: JobFolder) -> String? {
    guard let bytes = try? folder.read(ShepherdContract.FileName.cancel, limit: 65536) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Returns the order that an earlier agentd left in the folder.
  func order(in folder: JobFolder) -> Order? {
    guard let bytes = try? folder.read(ShepherdContract.FileName.order, limit: Order.maximumBytes) else { return nil }
    return try? Order(decoding: bytes)
  }
}

/// Why it is unknown how a job ended.
enum Interruption: Equatable {
  /// There is no trace of a start on disk: the shepherd did not get that far, or a power failure lost what was not yet written.
  case neverStarted
  /// The host was restarted.
  case hostRestarted
  /// The shepherd was killed, or failed.
  case shepherdKilled
  /// The record cannot be read.
  case unreadable(String)

  /// Determines why the holder of a lock has gone without an exit record.
  init(_ record: LockRecord) {
    self = record.bootID == LockRecord.presentBootID() ? .shepherdKilled : .hostRestarted
  }

  /// The reason in the job's status.
  var reason: String {
    switch self {
    case .neverStarted: "agentd or the host went down while the job was being started; it may have run"
    case .hostRestarted: "the host went down while the job ran"
    case .shepherdKilled:
      "the job's shepherd was killed; up to \(ByteCount.inWords(UInt64(ShepherdContract.pipeBytes))) of its last output is lost"
    case .unreadable(let fact): "how the job ended cannot be read: \(fact)"
    }
  }

  /// Whether processes of the job may be left.
  var mayHaveRemains: Bool {
    switch self {
    case .neverStarted, .hostRestarted: false
    case .shepherdKilled, .unreadable: true
    }
  }
}
