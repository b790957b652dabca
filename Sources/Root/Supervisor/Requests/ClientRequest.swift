import AgentProtocol
import SupervisorLink
import SystemCalls

/// A client's request on its way: it is answered once, or given up.
final class ClientRequest {
  /// Who asks.
  let client: VerifiedClient
  /// What the client may do; `nil` until that was looked up, and for a client that no rule is for.
  var rights: ClientRights?
  /// What is asked.
  let command: JobCommand
  /// The inotify(7) instance of the listener that asks, as long as somebody waits for the answer: a request may be kept for
  /// longer, and the descriptor of a listener that is gone is not.
  private(set) var inotify: FileDescriptor?
  private var reply: ((JobAnswer, [FileDescriptor]) -> Void)?
  private var timer: TimerQueue.Timer?

  init(
    _ command: JobCommand, from client: VerifiedClient, inotify: FileDescriptor,
    reply: @escaping (JobAnswer, [FileDescriptor]) -> Void
  ) {
    self.client = client
    self.command = command
    self.inotify = inotify
    self.reply = reply
  }

  /// Whether somebody still waits for the answer.
  var isOpen: Bool { reply != nil }

  /// Answers; from the second time on it does nothing.
  func answer(_ answer: JobAnswer, descriptors: [FileDescriptor] = []) {
    let reply = reply
    abandon()
    reply?(answer, descriptors)
  }

  /// Nobody waits any more.
  func abandon() {
    reply = nil
    inotify = nil
    timer?.cancel()
    timer = nil
  }

  /// Keeps the timer that answers at last, to be cancelled by any other answer.
  func answerLatest(by timer: TimerQueue.Timer) {
    self.timer = timer
  }
}
