import AgentProtocol
import NIOCore
import SupervisorLink
import SystemCalls

/// The supervisor as the HTTP side sees it: it is asked, and answers later.
protocol SupervisorContact: Sendable {
  /// Asks on behalf of a client. The answer arrives on `loop`; the future fails with `Problem` if there is none.
  func ask(_ command: JobCommand, for client: VerifiedClient, on loop: any EventLoop) -> Inquiry

  /// Abandons an inquiry whose answer nobody waits for any longer. Its future fails, possibly before this returns.
  func abandon(_ inquiry: Inquiry)

  /// Sends a message that needs no answer.
  ///
  /// - Returns: whether the link still accepts messages.
  @discardableResult
  func report(_ message: ListenerMessage) -> Bool
}

/// A question to the supervisor that is in progress.
struct Inquiry: Sendable {
  /// The request's number on the link.
  let number: UInt64
  /// The answer, with the descriptors that came with it.
  let answer: EventLoopFuture<Answered>
}

/// An answer from the supervisor.
struct Answered: Sendable {
  let answer: JobAnswer
  let descriptors: [FileDescriptor]
}
