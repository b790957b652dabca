import AgentProtocol
import SupervisorLink

/// What comes from the supervisor, one message after the other.
struct LinkInbox {
  private var reader: LinkReader<SupervisorMessage>

  /// Reads from `link`, a blocking socket.
  init(_ link: FileDescriptor) {
    reader = LinkReader(link)
  }

  /// Waits for the next message; `nil` when the link has ended.
  mutating func next() throws(LinkError) -> (message: SupervisorMessage, descriptors: [FileDescriptor])? {
    while true {
      if let message = try reader.next() { return message }
      if try reader.receive() == .ended { return nil }
    }
  }
}

/// A message that is well-formed and yet against the link's contract.
enum LinkFault: Error, CustomStringConvertible {
  /// It may not come now.
  case unexpected(String)
  /// It came with that many descriptors.
  case descriptors(Int)

  var description: String {
    switch self {
    case .unexpected(let what): "\(what) that is not expected"
    case .descriptors(let count): "configuration with \(count) descriptors"
    }
  }
}
