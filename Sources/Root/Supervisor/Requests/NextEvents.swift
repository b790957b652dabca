import AgentProtocol

extension Jobs {
  /// Answers with the events after `position`, of jobs that the client may see, as soon as there is one.
  func nextEvents(after position: EventPosition?, wait: Double, _ request: ClientRequest) {
    do throws(Problem) {
      let owner = try rights(of: request).owner(request.client)
      events.answer(request, after: position, of: owner, wait: wait, on: reactor)
    } catch {
      request.answer(.problem(error))
    }
  }
}
