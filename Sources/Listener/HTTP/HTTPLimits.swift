import NIOCore
import NIOHTTP1

/// What a client may make the listener hold or wait for.
struct HTTPLimits: Sendable {
  /// Bytes of request line and header fields together.
  var headBytes = 16 * 1024
  /// Header fields of a request, trailers included.
  var headerFields = 100
  /// Bytes of a body.
  var bodyBytes = 1 << 20
  /// From the first byte of a request to the end of its header fields.
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

  /// The limits in the HTTP/1.1 parser's terms.
  var decoder: NIOHTTPDecoderLimitConfiguration {
    var configuration = NIOHTTPDecoderLimitConfiguration()
    configuration.maxHeaderFieldSize = headBytes
    configuration.maxHeaderListSize = headBytes
    configuration.maxHeaderFieldCount = headerFields
    return configuration
  }
}
