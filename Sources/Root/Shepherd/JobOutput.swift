import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The output of a job: moves what the job writes to its pipes into the files that keep it, up to the limit of both streams together.
///
/// The job has the pipes and not the files, so that it can open its output again by name (/dev/stdout), and loses nothing by truncating it.
struct JobOutput {
  private struct Stream {
    /// The end to read from; `nil` when nobody has the other end open any longer.
    var pipe: FileDescriptor?
    let file: FileDescriptor
    /// Whether the file accepts splice(2): not if it is open for appending, or in some file systems.
    var acceptsSplice = true
  }

  /// The size of a copy if the file does not accept splice(2), and of a piece that is dropped, in bytes.
  private static let chunk = 64 << 10

  /// The number of bytes that are in no file.
  private(set) var dropped: UInt64 = 0
  /// Whether the job wrote more than the limit.
  private(set) var exceedsLimit = false
  /// Whether a file could not be written to: its disk is full, or fails.
  private(set) var diskFailed = false
  private var streams: [Stream]
  private var room: UInt64

  /// Creates a pipe for each file, which the job's user may open again.
  ///
  /// - Parameter ends: the ends to write to. The caller closes them once the job has them.
  init(
    into files: [FileDescriptor], limit: UInt64?, _ identity: Order.Identity?, ends: inout [FileDescriptor]
  ) throws(StartFailure) {
    room = limit ?? .max
    streams = []
    do throws(SystemError) {
      for file in files {
        let (read, write) = try FileDescriptor.pipe()
        try read.setNonBlocking(true)
        // A small one only makes the job wait for the shepherd more often.
        _ = clinux_enlarge_pipe(read.raw, Int32(ShepherdContract.pipeBytes))
        // Without it, all but /dev/stdout and /dev/stderr works.
        if let identity { _ = fchown(read.raw, identity.user, identity.group) }
        streams.append(Stream(pipe: read, file: file))
        ends.append(write)
      }
    } catch {
      throw StartFailure(stage: .output, code: error.code)
    }
  }

  /// Whether any process has an end to write to.
  var isOpen: Bool { streams.contains { $0.pipe != nil } }

  /// What to await with poll(2).
  var polls: [pollfd] { streams.map { pollfd(fd: $0.pipe?.raw ?? -1, events: Int16(POLLIN), revents: 0) } }

  /// The pipes, by which the job's processes can be recognised.
  var identities: [FileIdentity] {
    streams.compactMap { (try? $0.pipe?.status()).map(FileIdentity.init) }
  }

  /// Moves what is in the pipes now, and no more: a job that writes all the time does not hold the caller.
  mutating func move() {
    let waiting = streams.indices.map { index in (index, bytes: pending(index)) }
    // Less first, so that a flood on one stream leaves a short message on the other.
    for (index, bytes) in waiting.sorted(by: { $0.bytes < $1.bytes }) { move(bytes, of: index) }
  }

  /// Moves what is in the pipes, after poll(2) has filled in `polls`, and notices which pipes have ended.
  mutating func move(_ polls: ArraySlice<pollfd>) {
    if polls.allSatisfy({ $0.revents == 0 }) { return }
    move()
    for (index, poll) in zip(streams.indices, polls) where poll.revents & Int16(POLLHUP) != 0 && pending(index) == 0 {
      streams[index].pipe = nil
    }
  }

  private func pending(_ index: Int) -> UInt64 {
    guard let pipe = streams[index].pipe else { return 0 }
    return UInt64(max(0, clinux_pending_bytes(pipe.raw)))
  }

  private mutating func move(_ bytes: UInt64, of index: Int) {
    guard bytes > 0, let pipe = streams[index].pipe else { return }
    var left = bytes
    while left > 0, room > 0 {
      let count = write(min(left, room), from: pipe, of: index)
      // What the disk does not accept is lost, so that the job does not wait for it. What comes later is tried again.
      if count == 0 { return drop(left, from: pipe) }
      left -= count
    }
    if left == 0 { return }
    exceedsLimit = true
    drop(left, from: pipe)
  }

  /// Moves at most `bytes`, which are in the pipe, to the file.
  ///
  /// - Returns: how many bytes are no longer in the pipe; 0 if the file does not accept any.
  private mutating func write(_ bytes: UInt64, from pipe: FileDescriptor, of index: Int) -> UInt64 {
    let (source, target) = (pipe.raw, streams[index].file.raw)
    while streams[index].acceptsSplice {
      let count = clinux_splice(source, target, Int(clamping: bytes))
      if count > 0 {
        room -= UInt64(count)
        return UInt64(count)
      }
      if count == 0 { return 0 }
      switch errno {
      case EINTR: continue
      case EINVAL: streams[index].acceptsSplice = false
      // The job itself has read from its pipe.
      case EAGAIN: return 0
      default:
        diskFailed = true
        return 0
      }
    }
    return copy(bytes, from: source, to: target)
  }

  private mutating func copy(_ bytes: UInt64, from source: Int32, to target: Int32) -> UInt64 {
    var buffer = [UInt8](repeating: 0, count: Int(min(bytes, UInt64(Self.chunk))))
    let count = read(source, &buffer, buffer.count)
    guard count > 0 else { return 0 }
    var written = 0
    while written < count {
      let more = buffer[written..<count].withUnsafeBytes { Glibc.write(target, $0.baseAddress, $0.count) }
      if more < 0, errno == EINTR { continue }
      guard more > 0 else {
        diskFailed = true
        dropped += UInt64(count - written)
        break
      }
      written += more
    }
    room -= UInt64(written)
    return UInt64(count)
  }

  private mutating func drop(_ bytes: UInt64, from pipe: FileDescriptor) {
    var buffer = [UInt8](repeating: 0, count: Int(min(bytes, UInt64(Self.chunk))))
    var left = bytes
    while left > 0 {
      let count = read(pipe.raw, &buffer, Int(min(left, UInt64(buffer.count))))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      left -= UInt64(count)
      dropped += UInt64(count)
    }
  }
}
