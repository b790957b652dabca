import AgentProtocol

extension Jobs {
  /// Answers with what has happened behind a place in the sequence of events, as far as the client may see the jobs, when there is
  /// something.
  func nextEvents(after position: EventPosition?, wait: Double, _ request: ClientRequest) {
    do throws(Problem) {
      let owner = try rights(of: request).owner(request.client)
      events.answer(request, after: position, of: owner, wait: wait, on: reactor)
    } catch {
      request.answer(.problem(error))
    }
  }
}
