import AgentProtocol
import JobLedger

extension Jobs {
  /// Answers with a page of jobs.
  func listJobs(_ filter: JobFilter, _ request: ClientRequest) {
    ledger.afterwards { [weak self] _ in
      guard let self else { return }
      do {
        let owner = try rights(of: request).owner(request.client)
        var page = try ledger.page(filter, owner: owner)
        page.jobs = page.jobs.map(withOutputSoFar)
        request.answer(.jobs(page))
      } catch let error as LedgerError {
        request.answer(.problem(logged(error)))
      } catch let problem as Problem {
        request.answer(.problem(problem))
      } catch {
        request.answer(.problem(Problem(.fault, "the jobs cannot be listed")))
      }
    }
  }
}
