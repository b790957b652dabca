import AgentProtocol

extension Jobs {
  /// Looks soon for newer revocation lists. The request carries none, and its answer waits for nothing.
  func refresh(_ request: ClientRequest) {
    guard let refresh = tally.refresh else {
      return request.answer(.problem(Problem(.unavailable, "this agent is starting; ask again")))
    }
    do throws(Problem) {
      try refresh.look(for: request.owner)
      request.answer(.accepted)
    } catch { request.answer(.problem(error)) }
  }
}
