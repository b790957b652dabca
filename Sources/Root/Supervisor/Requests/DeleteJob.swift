import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// Deletes a job that has ended, including its output.
  func deleteJob(_ id: JobID, _ request: ClientRequest) {
    do throws(Problem) {
      let status = try knownStatus(id, for: request)
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
      // The ID must be free when this is answered.
      retention.removeFolder(of: id) { request.answer(.deleted) }
    }
  }
}
