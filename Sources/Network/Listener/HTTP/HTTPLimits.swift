import AgentProtocol
import NIOCore
import NIOHTTP1
import NIOHTTP2

/// What a client may make the listener hold or wait for.
struct HTTPLimits: Sendable {
  /// Bytes of request line and header fields together.
  var headBytes = 16 * 1024
  /// Header fields of a request, trailers included.
  var headerFields = 100
  /// Bytes of a body.
  var bodyBytes = 1 << 20
  /// Requests of one connection: after so many it is closed in good order, and what has grown with it is given back.
  var requests = 100_000
  /// Requests of one HTTP/2 connection at a time.
  var streams = 100
  /// From the first byte of a request to the end of its header fields. In HTTP/2 the connection's idle time bounds it.
  var headTime = TimeAmount.seconds(10)
  /// From the end of the header fields to the end of the body.
  var bodyTime = TimeAmount.seconds(60)
  /// How long the supervisor may take to answer, beyond a wait that the client asked for.
  var answerTime = TimeAmount.seconds(60)
  /// How long a client may leave an answer unread.
  var stallTime = TimeAmount.minutes(5)
  /// How long a connection may be without a request.
  var idleTime = TimeAmount.minutes(5)
  /// How long what a client still sends is thrown away after a refusal. To close with bytes unread would reset the
  /// connection, and the client might lose the answer.
  var lingerTime = TimeAmount.seconds(2)
  /// A connection that was busy this recently may have a request on its way when draining begins; it is given this long
  /// to arrive.
  var drainGrace = TimeAmount.seconds(2)

  init() {}

  init(_ limits: ListenerLimits) {
    requests = limits.requestsPerConnection
    idleTime = .seconds(Int64(limits.idleTimeout))
  }

  /// The limits in the HTTP/1.1 parser's terms.
  var decoder: NIOHTTPDecoderLimitConfiguration {
    var configuration = NIOHTTPDecoderLimitConfiguration()
    configuration.maxHeaderFieldSize = headBytes
    configuration.maxHeaderListSize = headBytes
    configuration.maxHeaderFieldCount = headerFields
    return configuration
  }
}

/// HTTP/2's own limits. What a limit of NIO's is for: RFC 9113 section 10.5; CVE-2023-44487 (rapid reset); CVE-2024-27316
/// (CONTINUATION flood); CVE-2019-9511 to 9518 (floods of PING, SETTINGS, PRIORITY and empty frames).
extension HTTPLimits {
  /// Of the connection.
  var http2Connection: NIOHTTP2Handler.ConnectionConfiguration {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: streams),
      HTTP2Setting(parameter: .maxHeaderListSize, value: headBytes),
    ]
    configuration.maximumSequentialEmptyDataFrames = 1
    configuration.maximumSequentialContinuationFrames = 5
    configuration.controlFrameRateLimit.maximumCount = 200
    configuration.controlFrameRateLimit.windowLength = .seconds(30)
    // What we answer to control frames, while the client reads nothing.
    configuration.maximumBufferedControlFrames = 400
    // Frames that were on their way when we reset a stream: those of all the streams that there can be.
    configuration.maximumRecentlyResetStreams = 2 * streams
    return configuration
  }

  /// Of each stream.
  var http2Stream: NIOHTTP2Handler.StreamConfiguration {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    configuration.streamResetFrameRateLimit.maximumCount = 200
    configuration.streamResetFrameRateLimit.windowLength = .seconds(30)
    // As a socket's: one chunk of output is on its way, the next is read when half of it has left.
    configuration.outboundBufferSizeHighWatermark = OutputTransfer.chunkSize
    configuration.outboundBufferSizeLowWatermark = OutputTransfer.chunkSize / 2
    return configuration
  }
}
