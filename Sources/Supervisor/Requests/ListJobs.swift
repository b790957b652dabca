import AgentProtocol
import JobLedger

extension Jobs {
  /// Answers with a page of jobs.
  func listJobs(_ filter: JobFilter, _ request: ClientRequest) {
    ledger.afterwards { [weak self] _ in
      guard let self else { return }
      do throws(LedgerError) {
        var page = try ledger.page(filter)
        page.jobs = page.jobs.map(withOutputSoFar)
        request.answer(.jobs(page))
      } catch {
        request.answer(.problem(logged(error)))
      }
    }
  }
}
