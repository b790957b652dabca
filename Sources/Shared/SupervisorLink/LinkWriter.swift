import AgentProtocol
import CLinux
import Glibc
import SystemCalls

/// The sending half of one end of the link. `Message` is what this end sends.
public struct LinkWriter<Message: Encodable> {
  private let socket: FileDescriptor
  private var frames: [(bytes: [UInt8], sent: Int, descriptors: [FileDescriptor])] = []

  /// Bytes that wait to be sent: a bound on them is the owner's to keep.
  public private(set) var queuedBytes = 0

  /// Writes to `socket`, which stays the caller's to keep open.
  public init(_ socket: FileDescriptor) {
    self.socket = socket
  }

  /// Appends a message. `descriptors` are kept open until they are sent, then let go.
  public mutating func enqueue(_ message: Message, descriptors: [FileDescriptor] = []) throws(LinkError) {
    let bytes = try Frame.encode(message, descriptors: descriptors.count)
    frames.append((bytes, 0, descriptors))
    queuedBytes += bytes.count
  }

  /// Sends what it can; all of it if the socket blocks.
  ///
  /// - Returns: whether nothing is left to send.
  public mutating func flush() throws(LinkError) -> Bool {
    while let frame = frames.first {
      // Descriptors go with a frame's first byte; a partly sent frame has delivered them.
      let numbers = frame.sent == 0 ? frame.descriptors.map(\.raw) : []
      let raw = socket.raw
      let sent: Int
      do throws(SystemError) {
        sent = try checked("sendmsg") {
          frame.bytes.withUnsafeBytes {
            clinux_send_with_descriptors(
              raw, $0.baseAddress! + frame.sent, $0.count - frame.sent, numbers, numbers.count)
          }
        }
      } catch {
        if error.code == EAGAIN { return false }
        throw .system(error)
      }
      queuedBytes -= sent
      if frame.sent + sent == frame.bytes.count {
        frames.removeFirst()
      } else {
        frames[0].sent += sent
        frames[0].descriptors = []
      }
    }
    return true
  }
}
