import Logging
import NIOCore

/// What connections share, whatever their event loop.
struct Services: Sendable {
  let supervisor: any Supervisor
  let agent: AgentDocument
  let outputs: OutputWatcher
  let limits: HTTPLimits
  let log: Logger
}

/// What the connections of one event loop share.
final class LoopServices {
  /// The time for `Date` fields.
  var clock = WallClock()
  /// Where output is read into; whoever sends it takes it over, so that a waiting follower holds no buffer.
  var outputBuffer = ByteBuffer()
}
