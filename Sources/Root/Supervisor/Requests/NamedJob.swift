import AgentProtocol
import JobLedger
import SupervisorLink

extension Jobs {
  /// Calls `body` with the job that a client means by an ID, or answers with the problem.
  func withJob(_ id: JobID, of request: ClientRequest, _ body: (JobID) -> Void) {
    do throws(Problem) { body(try named(id, by: request)) } catch { request.answer(.problem(error)) }
  }

  /// Returns the job that a client means by an ID; one that does not exist if the client may see none.
  ///
  /// A client that sees only its own jobs has its own ID space: it can neither learn of the jobs of others nor take their IDs. All others
  /// share one space, so that a scheduler finds a job that another one submitted.
  func named(_ id: JobID, by request: ClientRequest) throws(Problem) -> JobID {
    do {
      let owner = request.owner
      let (own, shared) = (owner.space(of: id), id.shared)
      let isLimited = try rights(of: request).owner(request.client) != nil
      if try isLimited && ledger.status(of: own) != nil { return own }
      // Includes a job that it submitted when it could see all, or before there were ID spaces.
      if let status = try ledger.status(of: shared), !isLimited || owner.owns(status) {
        return shared
      }
      if isLimited, let spent = try ledger.spent(shared), JobOwner(spent.client) == owner { return shared }
      if isLimited { return own }
      if try ledger.status(of: own) != nil || ledger.spent(own) != nil { return own }
      switch request.command {
      // A new job does not take the place of another client's, and a deletion that is repeated after a lost answer removes none.
      case .submitJob, .deleteJob: return shared
      default: return try ledger.newestOwn(id) ?? shared
      }
    } catch let error as LedgerError {
      throw logged(error)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.fault, "the job cannot be looked up")
    }
  }
}
