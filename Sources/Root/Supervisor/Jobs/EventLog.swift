import AgentProtocol
import SupervisorLink

/// The latest changes of state, numbered, and who waits for the next. In memory: after a restart of agentd, as after too many
/// events, a watcher is told that there is a gap.
final class EventLog {
  /// A change that became durable, and whose job it is.
  struct Entry {
    let change: StateChange
    let owner: JobOwner
  }

  /// The least number of events that are kept.
  private static let kept = 10_000

  private let epoch = UInt64.random(in: 1..<1 << 48)
  private var entries: [Entry] = []
  /// The number of the last event before `entries`.
  private var before: UInt64 = 0
  private var waiting: [Waiter] = []

  private struct Waiter {
    let request: ClientRequest
    let position: EventPosition
    /// Whose jobs the client may see; `nil` for everybody's.
    let owner: JobOwner?
  }

  private var last: EventPosition { EventPosition(epoch: epoch, number: before + UInt64(entries.count)) }

  /// Takes in what has become durable, and tells who waits.
  func append(_ new: [Entry]) {
    if new.isEmpty { return }
    entries.append(contentsOf: new)
    if entries.count >= 2 * Self.kept {
      before += UInt64(entries.count - Self.kept)
      entries.removeFirst(entries.count - Self.kept)
    }
    let due = waiting
    waiting = []
    for waiter in due where waiter.request.isOpen {
      waiter.request.answer(.events(batch(after: waiter.position, of: waiter.owner)))
    }
  }

  /// Answers as soon as there is something behind `position`; at once where nothing is asked for but the present place.
  ///
  /// - Parameter owner: whose jobs the client may see; `nil` for everybody's.
  func answer(
    _ request: ClientRequest, after position: EventPosition?, of owner: JobOwner?, wait: Double, on reactor: Reactor
  ) {
    guard let position, position == last, wait > 0 else {
      return request.answer(.events(batch(after: position, of: owner)))
    }
    waiting.removeAll { !$0.request.isOpen }
    waiting.append(Waiter(request: request, position: position, owner: owner))
    request.answerLatest(
      by: reactor.after(.seconds(min(wait, EventBatch.maximumWait))) { [weak self] in
        guard let self else { return }
        request.answer(.events(batch(after: position, of: owner)))
      })
  }

  private func batch(after position: EventPosition?, of owner: JobOwner?) -> EventBatch {
    guard let position else { return EventBatch(changes: [], position: last, isGap: false) }
    guard position.epoch == epoch, (before...last.number).contains(position.number) else {
      return EventBatch(changes: [], position: last, isGap: true)
    }
    let start = Int(position.number - before)
    let end = min(entries.count, start + EventBatch.maximumChanges)
    let changes = (start..<end).filter { owner == nil || owner == entries[$0].owner }
      .map { EventBatch.Numbered(number: before + UInt64($0) + 1, change: entries[$0].change) }
    return EventBatch(
      changes: changes, position: EventPosition(epoch: epoch, number: before + UInt64(end)), isGap: false)
  }
}
