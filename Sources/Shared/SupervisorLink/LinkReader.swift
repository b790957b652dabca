import AgentProtocol
import CLinux
import FoundationEssentials
import Glibc
import SystemCalls

/// The receiving half of one end of the link. `Message` is what the other end may send; anything else is an error, after
/// which the link must not be used again.
public struct LinkReader<Message: Decodable> {
  /// What a `receive()` brought.
  public enum Progress: Equatable, Sendable {
    /// Bytes: ask `next()` until it has no more.
    case received
    /// Nothing at present, on a non-blocking socket.
    case wouldBlock
    /// The other end is closed.
    case ended
  }

  private let socket: FileDescriptor
  private var bytes: [UInt8] = []
  private var start = 0
  private var descriptors: [FileDescriptor] = []
  private var chunk = [UInt8](repeating: 0, count: 65536)

  /// Reads from `socket`, which stays the caller's to keep open.
  public init(_ socket: FileDescriptor) {
    self.socket = socket
  }

  /// Receives once; blocks if the socket does.
  public mutating func receive() throws(LinkError) -> Progress {
    var numbers = [Int32](repeating: -1, count: Frame.maximumDescriptors)
    var count = 0
    let raw = socket.raw
    let received: Int
    do throws(SystemError) {
      received = try checked("recvmsg") {
        clinux_receive_with_descriptors(raw, &chunk, chunk.count, &numbers, numbers.count, &count)
      }
    } catch {
      switch error.code {
      case EAGAIN: return .wouldBlock
      case ECONNRESET: return .ended
      case EMSGSIZE: throw .tooManyDescriptors(Frame.maximumDescriptors + 1)
      default: throw .system(error)
      }
    }
    descriptors.append(contentsOf: numbers[..<count].map(FileDescriptor.init(owning:)))
    if received == 0 { return .ended }
    bytes.append(contentsOf: chunk[..<received])
    // The most that a well-behaved peer can have in flight before its first frame is taken out.
    if descriptors.count > 2 * Frame.maximumDescriptors { throw .unannouncedDescriptors }
    return .received
  }

  /// The next whole message with its descriptors; `nil` if more must be received first.
  public mutating func next() throws(LinkError) -> (message: Message, descriptors: [FileDescriptor])? {
    if bytes.count == start, !descriptors.isEmpty { throw .unannouncedDescriptors }
    guard bytes.count - start >= Frame.headerLength else { return compact() }
    let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    let announced = Int(bytes[start + 4])
    guard length <= Frame.maximumPayload else { throw .tooLarge(length) }
    guard announced <= Frame.maximumDescriptors else { throw .tooManyDescriptors(announced) }
    let end = start + Frame.headerLength + length
    guard bytes.count >= end else { return compact() }
    // Descriptors travel with a frame's first bytes, so they are here when its last byte is.
    guard descriptors.count >= announced else { throw .tooManyDescriptors(announced) }
    let payload = Data(bytes[start + Frame.headerLength..<end])
    start = end
    let brought = Array(descriptors.prefix(announced))
    descriptors.removeFirst(announced)
    do {
      return (try JSONDecoder().decode(Message.self, from: payload), brought)
    } catch let error as DecodingError {
      throw .undecodable(error.explanation)
    } catch {
      throw .undecodable("\(error)")
    }
  }

  private mutating func compact() -> (message: Message, descriptors: [FileDescriptor])? {
    bytes.removeSubrange(..<start)
    start = 0
    return nil
  }
}
