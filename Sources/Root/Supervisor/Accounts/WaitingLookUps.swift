/// Look-ups that wait to be made, a queue for each owner; the owners take turns.
struct WaitingLookUps {
  private struct Lane {
    var questions: [UInt64: LookUp] = [:]
    /// The numbers of the questions, oldest first, and some that are no longer there.
    var order: ArraySlice<UInt64> = []

    mutating func add(_ question: LookUp, _ number: UInt64) {
      questions[number] = question
      order.append(number)
      if order.count > 2 * questions.count + 64 { order = order.filter { questions[$0] != nil }[...] }
    }

    mutating func first() -> LookUp? {
      order = order.drop { questions[$0] == nil }
      return order.first.flatMap { questions[$0] }
    }
  }

  /// `nil` is agentd itself.
  private var lanes: [JobOwner?: Lane] = [:]
  /// The places of each question: it may wait for several owners.
  private var places: [LookUp: [JobOwner?: UInt64]] = [:]
  /// The owners with a queue, whose turn it is first.
  private var turns: [JobOwner] = []
  private var last: UInt64 = 0

  /// Adds a question to the end of the owner's queue, unless it is there already.
  mutating func add(_ question: LookUp, of owner: JobOwner?) {
    guard places[question]?[owner] == nil else { return }
    last += 1
    places[question, default: [:]][owner] = last
    if let owner, lanes[owner] == nil { turns.append(owner) }
    lanes[owner, default: Lane()].add(question, last)
  }

  /// Removes a question from all queues.
  mutating func remove(_ question: LookUp) {
    for (owner, number) in places.removeValue(forKey: question) ?? [:] {
      lanes[owner]?.questions[number] = nil
      guard lanes[owner]?.questions.isEmpty == true else { continue }
      lanes[owner] = nil
      turns.removeAll { $0 == owner }
    }
  }

  /// Returns the owner's oldest question.
  mutating func next(of owner: JobOwner?) -> LookUp? { lanes[owner]?.first() }

  /// Returns the oldest question of the next client that may ask, whose turn is then over.
  mutating func nextOfClients(_ mayAsk: (JobOwner) -> Bool) -> (LookUp, JobOwner?)? {
    guard let index = turns.firstIndex(where: mayAsk) else { return nil }
    let owner = turns.remove(at: index)
    turns.append(owner)
    return next(of: owner).map { ($0, owner) }
  }
}
