import AgentProtocol
import NIOCore
import SupervisorLink
import SystemCalls

/// The supervisor as the HTTP side sees it: somebody who is asked, and who answers later.
protocol SupervisorContact: Sendable {
  /// Asks on behalf of a client. The answer comes on `loop`; the future fails with `Problem` if there will be none.
  func ask(_ command: JobCommand, for client: VerifiedClient, on loop: any EventLoop) -> Inquiry

  /// Nobody waits for the answer of that inquiry any more: it fails, possibly before this returns.
  func abandon(_ inquiry: Inquiry)

  /// Tells it something that is not answered.
  ///
  /// - Returns: whether the link still takes messages.
  @discardableResult
  func report(_ message: ListenerMessage) -> Bool
}

/// A question to the supervisor that is under way.
struct Inquiry: Sendable {
  /// The request's number on the link.
  let number: UInt64
  /// The answer with the descriptors that came along.
  let answer: EventLoopFuture<Answered>
}

/// An answer of the supervisor.
struct Answered: Sendable {
  let answer: JobAnswer
  let descriptors: [FileDescriptor]
}
