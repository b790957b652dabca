import AgentProtocol
import CLinux
import FoundationEssentials
import Glibc
import SystemCalls

/// The receiving half of one end of the link. `Message` is what the other end may send; anything else is an error, after which the link
/// must not be used again.
public struct LinkReader<Message: Decodable> {
  /// The result of `receive()`.
  public enum Progress: Equatable, Sendable {
    /// Bytes were received: call `next()` until it returns `nil`.
    case received
    /// A non-blocking socket has no data.
    case wouldBlock
    /// The other end has closed.
    case ended
  }

  private let source: FileDescriptor
  private let takesDescriptors: Bool
  /// The maximum size of a payload, in bytes.
  private let limit: Int
  private var bytes: [UInt8] = []
  private var start = 0
  /// The payload size of the last message from `next()`, in bytes: a measure of the cost of keeping it.
  public private(set) var lastPayload = 0
  private var descriptors: [FileDescriptor] = []
  private var chunk = [UInt8](repeating: 0, count: 65536)

  /// Creates a reader of messages and descriptors from `socket`, which the caller keeps open.
  ///
  /// - Parameter mayHoldStore: whether messages may hold the contents of the store: only a listener trusts its peer so far.
  public init(_ socket: FileDescriptor, mayHoldStore: Bool = false) {
    (source, takesDescriptors) = (socket, true)
    limit = mayHoldStore ? Frame.maximumStorePayload : Frame.maximumPayload
  }

  /// Creates a reader of messages from `pipe`, which the caller keeps open. A pipe cannot carry descriptors: those from a socket would have
  /// to be closed even when refused, and close(2) on a lingering TCP socket blocks for as long as its sender likes.
  public init(pipe: FileDescriptor) {
    (source, takesDescriptors, limit) = (pipe, false, Frame.maximumPayload)
  }

  /// Receives once; blocks if the socket is blocking.
  public mutating func receive() throws(LinkError) -> Progress {
    let received: Int
    do throws(SystemError) { received = try takesDescriptors ? receiveWithDescriptors() : receiveBytes() } catch {
      switch error.code {
      case EAGAIN: return .wouldBlock
      case ECONNRESET: return .ended
      case EMSGSIZE: throw .tooManyDescriptors(Frame.maximumDescriptors + 1)
      default: throw .system(error)
      }
    }
    if received == 0 { return .ended }
    bytes.append(contentsOf: chunk[..<received])
    // A well-behaved peer cannot have more in flight before its first frame is read.
    if descriptors.count > 2 * Frame.maximumDescriptors { throw .unannouncedDescriptors }
    return .received
  }

  private mutating func receiveBytes() throws(SystemError) -> Int {
    let raw = source.raw
    return try checked("read") { read(raw, &chunk, chunk.count) }
  }

  private mutating func receiveWithDescriptors() throws(SystemError) -> Int {
    var numbers = [Int32](repeating: -1, count: Frame.maximumDescriptors)
    var count = 0
    let raw = source.raw
    let received = try checked("recvmsg") {
      clinux_receive_with_descriptors(raw, &chunk, chunk.count, &numbers, numbers.count, &count)
    }
    descriptors.append(contentsOf: numbers[..<count].map(FileDescriptor.init(owning:)))
    return received
  }

  /// Returns the next complete message with its descriptors; `nil` if more must be received first.
  public mutating func next() throws(LinkError) -> (message: Message, descriptors: [FileDescriptor])? {
    if bytes.count == start, !descriptors.isEmpty { throw .unannouncedDescriptors }
    guard bytes.count - start >= Frame.headerLength else { return compact() }
    let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    let announced = Int(bytes[start + 4])
    guard length <= limit else { throw .tooLarge(length, limit: limit) }
    guard announced <= Frame.maximumDescriptors else { throw .tooManyDescriptors(announced) }
    let end = start + Frame.headerLength + length
    guard bytes.count >= end else { return compact() }
    // Descriptors arrive with the first bytes of a frame, so they are here when its last byte is.
    guard descriptors.count >= announced else { throw .tooManyDescriptors(announced) }
    let payload = Data(bytes[start + Frame.headerLength..<end])
    lastPayload = length
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
