import AgentProtocol
import SupervisorLink

/// The messages from the supervisor, in order.
struct LinkInbox {
  private var reader: LinkReader<SupervisorMessage>

  /// Reads from `link`, a blocking socket.
  init(_ link: FileDescriptor) {
    reader = LinkReader(link, mayHoldStore: true)
  }

  /// Waits for the next message; `nil` when the link has ended.
  mutating func next() throws(LinkError) -> (message: SupervisorMessage, descriptors: [FileDescriptor])? {
    while true {
      if let message = try reader.next() { return message }
      if try reader.receive() == .ended { return nil }
    }
  }
}

/// A well-formed message that violates the link's contract.
enum LinkFault: Error, CustomStringConvertible {
  /// The message is not allowed at this point.
  case unexpected(String)
  /// The message came with the wrong number of descriptors, which is given.
  case descriptors(Int)

  var description: String {
    switch self {
    case .unexpected(let what): "\(what) that is not expected"
    case .descriptors(let count): "configuration with \(count) descriptors"
    }
  }
}
