import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// Forgets a job that has ended, with its output.
  func deleteJob(_ id: JobID, _ request: ClientRequest) {
    do throws(Problem) {
      let status = try knownStatus(id)
      guard status.state.isFinal else {
        throw Problem(.conflict, "job \(id) is \(status.state.rawValue); only a job that has ended can be deleted")
      }
      forget(id, request)
    } catch {
      request.answer(.problem(error))
    }
  }

  private func forget(_ id: JobID, _ request: ClientRequest) {
    ledger.delete(id)
    ledger.afterwards { [weak self] problem in
      guard let self else { return }
      if let problem { return request.answer(.problem(problem)) }
      do throws(SystemError) { try launcher.remove(id) } catch {
        // It is taken away at the next start: the ledger does not know it any more.
        log.logger.warning("folder of a deleted job is left over: \(error)", metadata: ["job": "\(id)"])
      }
      request.answer(.deleted)
    }
  }
}
