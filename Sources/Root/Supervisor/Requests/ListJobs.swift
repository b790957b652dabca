import AgentProtocol
import JobLedger

extension Jobs {
  /// Answers with a page of jobs.
  func listJobs(_ filter: JobFilter, _ request: ClientRequest) {
    ledger.afterwards { [weak self] _ in
      guard let self else { return }
      do {
        let isLimited = try rights(of: request).owner(request.client) != nil
        let client = isLimited ? request.client.identity : nil
        request.answer(.jobs(try ledger.page(filter, of: client, withOutputSoFar)))
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
