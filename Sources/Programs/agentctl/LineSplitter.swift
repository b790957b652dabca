import AgentProtocol
import Synchronization

/// Splits bytes that arrive in pieces into lines.
struct LineSplitter {
  /// The length at which an incomplete line is passed on: a job need not write any line end.
  private static let longest = 65536

  private var open: [UInt8] = []

  /// Adds bytes and returns the lines that are complete now, without their line ends.
  mutating func take(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines = (open + bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    open = lines.removeLast()
    if open.count >= Self.longest { lines.append(rest()[0]) }
    return lines
  }

  /// Returns what follows the last line end, if anything does.
  mutating func rest() -> [[UInt8]] {
    defer { open = [] }
    return open.isEmpty ? [] : [open]
  }
}

/// Splits each of a job's streams into lines.
final class SplitStreams: Sendable {
  private let splitters = Mutex<[OutputStream: LineSplitter]>([:])

  /// Returns the lines that `bytes` complete.
  func take(_ bytes: [UInt8], of stream: OutputStream) -> [[UInt8]] {
    splitters.withLock { $0[stream, default: LineSplitter()].take(bytes) }
  }

  /// Returns the incomplete last line.
  func rest(of stream: OutputStream) -> [[UInt8]] {
    splitters.withLock { $0[stream, default: LineSplitter()].rest() }
  }
}

/// Returns lines as they are printed, each after the name of the agent that it is from.
func prefixed(_ lines: [[UInt8]], by agent: String) -> [UInt8] {
  let prefix = Array("\(agent): ".utf8)
  return lines.flatMap { prefix + $0 + [UInt8(ascii: "\n")] }
}
