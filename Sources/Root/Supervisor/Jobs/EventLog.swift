import AgentProtocol
import SupervisorLink

/// The latest changes of state, numbered, and the clients that wait for the next one.
///
/// Kept in memory: after a restart of agentd, or after too many events, a watcher is told that there is a gap.
final class EventLog {
  /// A change that became durable, and the owner of its job.
  struct Entry {
    let change: StateChange
    let owner: JobOwner
  }

  /// The minimum number of events kept.
  private static let kept = 10_000

  private let epoch = UInt64.random(in: 1..<1 << 48)
  private var entries: [Entry] = []
  /// The number of the last event before `entries`.
  private var before: UInt64 = 0
  /// The waiters, by the owner whose jobs the client may see (`nil` if it may see all jobs), then by the waiter's number.
  ///
  /// So an event of one owner costs the watchers of others nothing.
  private var waiting: [JobOwner?: [UInt64: Waiter]] = [:]
  private var lastWaiter: UInt64 = 0

  private struct Waiter {
    let request: ClientRequest
    let position: EventPosition
  }

  private var last: EventPosition { EventPosition(epoch: epoch, number: before + UInt64(entries.count)) }

  /// Adds changes that have become durable, and answers those who wait for them.
  func append(_ new: [Entry]) {
    if new.isEmpty { return }
    entries.append(contentsOf: new)
    for owner in Set(new.map(\.owner) + [nil] as [JobOwner?]) { answerWaiters(of: owner) }
    if entries.count >= 2 * Self.kept { forgetOldest() }
  }

  private func answerWaiters(of owner: JobOwner?) {
    for waiter in waiting.removeValue(forKey: owner)?.values.map({ $0 }) ?? [] {
      waiter.request.answer(.events(batch(after: waiter.position, of: owner)))
    }
  }

  private func forgetOldest() {
    // Waiters are answered first: a waiter whose position is forgotten would be told of a gap although it missed nothing.
    for owner in waiting.keys { answerWaiters(of: owner) }
    before += UInt64(entries.count - Self.kept)
    entries.removeFirst(entries.count - Self.kept)
  }

  /// Answers as soon as there is an event after `position`; immediately if only the current position is asked for.
  ///
  /// - Parameter owner: whose jobs the client may see; `nil` for all jobs.
  func answer(
    _ request: ClientRequest, after position: EventPosition?, of owner: JobOwner?, wait: Double, on reactor: Reactor
  ) {
    guard let position, position == last, wait > 0 else {
      return request.answer(.events(batch(after: position, of: owner)))
    }
    lastWaiter += 1
    let number = lastWaiter
    waiting[owner, default: [:]][number] = Waiter(request: request, position: position)
    request.whenOver { [weak self] in self?.forget(number, of: owner) }
    request.answerLatest(
      by: reactor.after(.seconds(min(wait, EventBatch.maximumWait))) { [weak self] in
        guard let self else { return }
        request.answer(.events(batch(after: position, of: owner)))
      })
  }

  private func forget(_ number: UInt64, of owner: JobOwner?) {
    waiting[owner]?[number] = nil
    if waiting[owner]?.isEmpty == true { waiting[owner] = nil }
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
