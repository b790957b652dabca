import AgentProtocol
import CLinux
import Glibc
import SystemCalls

/// The sending half of one end of the link. `Message` is what this end sends.
public struct LinkWriter<Message: Encodable> {
  private let sink: FileDescriptor
  private let isPipe: Bool
  private var frames: [(bytes: [UInt8], sent: Int, descriptors: [FileDescriptor], holdsStore: Bool)] = []

  /// The number of bytes waiting to be sent, except for the contents of the store; it is the owner's duty to limit them.
  public private(set) var queuedBytes = 0
  /// The number of bytes waiting to be sent in messages with the contents of the store.
  public private(set) var queuedStoreBytes = 0

  /// Creates a writer to `socket`, which the caller keeps open.
  public init(_ socket: FileDescriptor) {
    (sink, isPipe) = (socket, false)
  }

  /// Creates a writer to `pipe`, which the caller keeps open and which carries no descriptors. SIGPIPE must be ignored.
  public init(pipe: FileDescriptor) {
    (sink, isPipe) = (pipe, true)
  }

  /// Appends a message. `descriptors` are kept open until they are sent and are then released.
  ///
  /// - Parameter holdsStore: whether it holds the contents of the store, and may be that much larger; not over a pipe.
  public mutating func enqueue(
    _ message: Message, descriptors: [FileDescriptor] = [], holdsStore: Bool = false
  ) throws(LinkError) {
    if isPipe, !descriptors.isEmpty { throw .tooManyDescriptors(descriptors.count) }
    let bytes = try Frame.encode(
      message, descriptors: descriptors.count, limit: holdsStore ? Frame.maximumStorePayload : Frame.maximumPayload)
    frames.append((bytes, 0, descriptors, holdsStore))
    note(bytes.count, holdsStore)
  }

  /// Sends as much as possible; everything if the descriptor is blocking.
  ///
  /// - Returns: whether nothing is left to send.
  public mutating func flush() throws(LinkError) -> Bool {
    while let frame = frames.first {
      // Descriptors are sent with the first byte of a frame; a partly sent frame has delivered them.
      let numbers = frame.sent == 0 ? frame.descriptors.map(\.raw) : []
      let sent: Int
      do throws(SystemError) { sent = try send(frame.bytes[frame.sent...], numbers) } catch {
        if error.code == EAGAIN { return false }
        throw .system(error)
      }
      note(-sent, frame.holdsStore)
      if frame.sent + sent == frame.bytes.count {
        frames.removeFirst()
      } else {
        frames[0].sent += sent
        frames[0].descriptors = []
      }
    }
    return true
  }

  private mutating func note(_ count: Int, _ holdsStore: Bool) {
    if holdsStore { queuedStoreBytes += count } else { queuedBytes += count }
  }

  private func send(_ bytes: ArraySlice<UInt8>, _ descriptors: [Int32]) throws(SystemError) -> Int {
    let raw = sink.raw
    return try checked(isPipe ? "write" : "sendmsg") {
      bytes.withUnsafeBytes {
        isPipe
          ? write(raw, $0.baseAddress, $0.count)
          : clinux_send_with_descriptors(raw, $0.baseAddress, $0.count, descriptors, descriptors.count)
      }
    }
  }
}
