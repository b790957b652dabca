import AgentProtocol
import Glibc
import NIOCore
import SystemCalls

/// The transfer of one job's output: its position and its end.
final class OutputTransfer {
  /// The result of the next step.
  enum Step {
    /// Bytes to send.
    case bytes(ByteBuffer)
    /// Nothing now; the job may write more.
    case awaitingGrowth
    /// Everything that was asked for has been sent.
    case complete
  }

  /// The maximum number of bytes per read.
  static let chunkSize = 64 * 1024

  let form: AnswerForm
  private let file: FileDescriptor
  /// The allowance for a follower.
  private var allowance: Allowance?
  private var offset: Int64
  /// Where the transfer ends; `nil` while the job may still write.
  private var end: Int64?
  /// The pending inquiry about the job's end, while following.
  var awaitedEnd: Inquiry?
  /// The watch on the file's growth, while following.
  var watch: OutputWatcher.Watch?
  /// The timer that checks the file periodically if there is no watch.
  var poll: RepeatedTask?

  /// Creates a transfer of `part` of `file`.
  init(_ file: FileDescriptor, _ part: Range<Int64>, _ form: AnswerForm) {
    self.file = file
    self.form = form
    offset = part.lowerBound
    end = part.upperBound
  }

  /// Creates a transfer of `file` from `offset`, which ends once `jobEnded()` has been called and everything is sent.
  init(following file: FileDescriptor, from offset: Int64, _ form: AnswerForm, _ allowance: Allowance) {
    self.file = file
    self.allowance = allowance
    self.form = form
    self.offset = offset
  }

  /// Whether the end is still unknown.
  var isFollowing: Bool { end == nil }

  /// Fixes the end at the file's current size: the job no longer writes.
  func jobEnded() throws(SystemError) {
    end = max(offset, Int64(try file.status("output").st_size))
  }

  /// Reads the next bytes into `buffer`, overwriting it.
  ///
  /// - Throws: also if the file has become smaller than promised.
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
