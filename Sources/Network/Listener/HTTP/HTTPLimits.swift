import AgentProtocol
import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Limits on what a client may make the listener hold or wait for.
struct HTTPLimits: Sendable {
  /// The maximum size of request line and header fields together, in bytes.
  var headBytes = 16 * 1024
  /// The maximum number of header fields of a request, including trailers.
  var headerFields = 100
  /// The maximum size of a request body, in bytes.
  var bodyBytes = 1 << 20
  /// The maximum number of requests per connection; the connection is then closed cleanly, which releases memory that grew with it.
  var requests = 100_000
  /// The maximum number of concurrent requests on one HTTP/2 connection.
  var streams = 100
  /// The maximum number of event streams of all clients; see `Allowances` for the share of one client.
  var eventStreams = 256
  /// The maximum number of answers that follow a job's output, over all clients.
  var followers = 1024
  /// The maximum number of bytes of unfinished requests, over all clients. One request at its limit is a 32nd of a client's share.
  var unfinishedBodyBytes = 64 << 20
  /// The maximum time from the first byte of a request to the end of its header fields. In HTTP/2 the connection's idle time limits it.
  var headTime = TimeAmount.seconds(10)
  /// The maximum time from the end of the header fields to the end of the body.
  var bodyTime = TimeAmount.seconds(60)
  /// How long the supervisor may take to answer, in addition to a wait that the client asked for.
  var answerTime = TimeAmount.seconds(60)
  /// How long a client may leave an answer unread.
  var stallTime = TimeAmount.minutes(5)
  /// How long a connection may stay open without a request.
  var idleTime = TimeAmount.minutes(5)
  /// How long to discard what a client still sends after a refusal.
  ///
  /// Closing with unread bytes would reset the connection, and the client might lose the answer.
  var lingerTime = TimeAmount.seconds(2)
  /// When draining begins, a connection that was busy this recently may have a request in flight; it has this long to arrive.
  var drainGrace = TimeAmount.seconds(2)

  init() {}

  init(_ limits: ListenerLimits) {
    requests = limits.requestsPerConnection
    idleTime = .seconds(Int64(limits.idleTimeout))
  }

  /// The limits as configuration of the HTTP/1.1 parser.
  var decoder: NIOHTTPDecoderLimitConfiguration {
    var configuration = NIOHTTPDecoderLimitConfiguration()
    configuration.maxHeaderFieldSize = headBytes
    configuration.maxHeaderListSize = headBytes
    configuration.maxHeaderFieldCount = headerFields
    return configuration
  }
}

/// Limits of HTTP/2.
///
/// For the purpose of NIO's limits see RFC 9113 section 10.5; CVE-2023-44487 (rapid reset); CVE-2024-27316 (CONTINUATION flood);
/// CVE-2019-9511 to 9518 (floods of PING, SETTINGS, PRIORITY and empty frames).
extension HTTPLimits {
  /// The configuration of a connection.
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
    // Our answers to control frames while the client does not read.
    configuration.maximumBufferedControlFrames = 400
    // Frames that were in flight when we reset a stream, for as many streams as there can be.
    configuration.maximumRecentlyResetStreams = 2 * streams
    return configuration
  }

  /// The configuration of a stream.
  var http2Stream: NIOHTTP2Handler.StreamConfiguration {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    configuration.streamResetFrameRateLimit.maximumCount = 200
    configuration.streamResetFrameRateLimit.windowLength = .seconds(30)
    // As for a socket: one chunk of output is in flight, and the next is read once half of it has been sent.
    configuration.outboundBufferSizeHighWatermark = OutputTransfer.chunkSize
    configuration.outboundBufferSizeLowWatermark = OutputTransfer.chunkSize / 2
    return configuration
  }
}
