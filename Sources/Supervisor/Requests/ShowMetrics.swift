import AgentProtocol

extension Jobs {
  /// Answers with what was counted.
  func showMetrics(_ request: ClientRequest) {
    request.answer(.metrics(tally.figures(capacity)))
  }
}
