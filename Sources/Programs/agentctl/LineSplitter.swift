import AgentProtocol
import Synchronization

/// Makes lines of bytes that come in pieces.
struct LineSplitter {
  /// What has no end yet is a line of its own from this length on: a job need not write any line end.
  private static let longest = 65536

  private var open: [UInt8] = []

  /// The lines that are whole by now, without their ends.
  mutating func take(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines = (open + bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    open = lines.removeLast()
    if open.count >= Self.longest { lines.append(rest()[0]) }
    return lines
  }

  /// What came after the last end, if anything did.
  mutating func rest() -> [[UInt8]] {
    defer { open = [] }
    return open.isEmpty ? [] : [open]
  }
}

/// The lines of each of a job's streams.
final class SplitStreams: Sendable {
  private let splitters = Mutex<[OutputStream: LineSplitter]>([:])

  /// The lines that `bytes` end.
  func take(_ bytes: [UInt8], of stream: OutputStream) -> [[UInt8]] {
    splitters.withLock { $0[stream, default: LineSplitter()].take(bytes) }
  }

  /// What the last one left.
  func rest(of stream: OutputStream) -> [[UInt8]] {
    splitters.withLock { $0[stream, default: LineSplitter()].rest() }
  }
}
