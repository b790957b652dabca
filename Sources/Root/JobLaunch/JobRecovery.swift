import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls

extension JobLauncher {
  /// Finds a job whose start an earlier agentd ordered.
  ///
  /// - Throws: `SystemError` if the job's folder or lock cannot be read, which says nothing about the job.
  public func recover(_ id: JobID) throws(SystemError) -> RecoveredJob {
    do throws(SystemError) {
      let folder = try JobFolder(id, in: jobs)
      if let shepherd = try liveShepherd(in: folder) { return .running(RunningJob(id: id, shepherd: shepherd)) }
      return .ended(outcome(in: folder))
    } catch  where error.code == ENOENT {
      return .ended(.interrupted(.neverStarted))
    }
  }

  /// Returns the outcome of a job whose shepherd has ended, or has reported the job's end.
  ///
  /// Reaps the shepherd if it has ended and is a child. A missing or unreadable exit record results in the state `interrupted`.
  public func outcome(of job: RunningJob) -> JobOutcome {
    job.reap()
    do throws(SystemError) { return outcome(in: try JobFolder(job.id, in: jobs)) } catch {
      return .interrupted(.unreadable("\(error)"))
    }
  }

  /// Returns the shepherd that holds the folder's lock; `nil` if there is none.
  private func liveShepherd(in folder: JobFolder) throws(SystemError) -> ProcessHandle? {
    // A shepherd writes its process ID right after its start: soon it is there, or the lock is free.
    for _ in 0..<1000 {
      let (isHeld, record) = try folder.lockState()
      guard isHeld else { return nil }
      guard let record else {
        usleep(1000)
        continue
      }
      do throws(SystemError) {
        let shepherd = try ProcessHandle(record.processID)
        // The lock is still held after the handle was opened, so the handle refers to its holder.
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
      var outcome = JobOutcome(
        record, order: order, canceller: canceller(in: folder), homeFault: homeFault(order, in: folder))
      outcome.outputBytes = folder.outputBytes(.stdout)
      outcome.stderrBytes = folder.outputBytes(.stderr)
      return outcome
    } catch {
      return .interrupted(.unreadable("exit record: \(error)"))
    }
  }

  /// Removes the control group. The shepherd has ended, so the group is empty, or has only processes that cannot be killed.
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
    case .shepherdKilled: "the job's shepherd was killed"
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
