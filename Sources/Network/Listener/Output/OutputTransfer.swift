import AgentProtocol
import Glibc
import NIOCore
import SystemCalls

/// The sending of one job's output: where it is, and how far it goes.
final class OutputTransfer {
  /// What the next step brought.
  enum Step {
    /// Bytes to send.
    case bytes(ByteBuffer)
    /// Nothing now; the job may write more.
    case awaitingGrowth
    /// All that was asked for has been sent.
    case complete
  }

  /// Bytes read at once.
  static let chunkSize = 64 * 1024

  let form: AnswerForm
  private let file: FileDescriptor
  private var offset: Int64
  /// Where the transfer ends; unknown as long as the job may write more.
  private var end: Int64?
  /// The question for the job's end, while following.
  var awaitedEnd: Inquiry?
  /// The interest in the file's growth, while following.
  var watch: OutputWatcher.Watch?
  /// Asks for a look at the file from time to time, where there is no watch.
  var poll: RepeatedTask?

  /// Sends `part` of `file`.
  init(_ file: FileDescriptor, _ part: Range<Int64>, _ form: AnswerForm) {
    self.file = file
    self.form = form
    offset = part.lowerBound
    end = part.upperBound
  }

  /// Sends `file` from `offset` until `jobEnded()` has been called and all is sent.
  init(following file: FileDescriptor, from offset: Int64, _ form: AnswerForm) {
    self.file = file
    self.form = form
    self.offset = offset
  }

  /// Whether the end is still open.
  var isFollowing: Bool { end == nil }

  /// The job writes no more: what is in the file now is all.
  func jobEnded() throws(SystemError) {
    end = max(offset, Int64(try file.status("output").st_size))
  }

  /// Reads on into `buffer`, which is overwritten.
  ///
  /// - Throws: also when the file has shrunk below what was promised.
  func next(_ buffer: inout ByteBuffer) throws(SystemError) -> Step {
    let wanted = min(end.map { $0 - offset } ?? Int64.max, Int64(Self.chunkSize))
    if wanted == 0 { return .complete }
    buffer.clear(minimumCapacity: Self.chunkSize)
    let (raw, position) = (file.raw, off_t(offset))
    let outcome: Result<Int, SystemError> = buffer.withUnsafeMutableWritableBytes { space in
      do throws(SystemError) {
        return .success(try checked("pread", "output") { pread(raw, space.baseAddress, Int(wanted), position) })
      } catch { return .failure(error) }
    }
    let count = try outcome.get()
    if count == 0 {
      if end == nil { return .awaitingGrowth }
      throw SystemError("pread", "output", code: ENODATA)
    }
    buffer.moveWriterIndex(forwardBy: count)
    offset += Int64(count)
    return .bytes(buffer)
  }
}
