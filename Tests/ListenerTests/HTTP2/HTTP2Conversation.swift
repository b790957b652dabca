import NIOCore
import NIOHPACK

@testable import Listener

/// A frame of HTTP/2 as on the wire (RFC 9113 section 4.1), so that tests can also send what no library would.
struct Frame: Equatable {
  enum Kind: UInt8 {
    case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate, continuation
  }

  var kind: Kind
  var flags: UInt8 = 0
  var stream: UInt32 = 0
  var payload: [UInt8] = []

  static let endStream: UInt8 = 1
  static let ack: UInt8 = 1
  static let endHeaders: UInt8 = 4

  var bytes: [UInt8] {
    let length = UInt32(payload.count)
    return [UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), kind.rawValue, flags]
      + Self.bigEndian(stream) + payload
  }

  static func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

  /// Returns a number in the payload.
  func number(at offset: Int) -> UInt32 { payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}

extension Frame {
  static func data(_ stream: UInt32, _ text: String, end: Bool) -> Frame {
    Frame(kind: .data, flags: end ? endStream : 0, stream: stream, payload: Array(text.utf8))
  }

  static func reset(_ stream: UInt32) -> Frame { Frame(kind: .reset, stream: stream, payload: bigEndian(8)) }

  static func ping(ack: Bool = false, _ payload: [UInt8] = Array(repeating: 7, count: 8)) -> Frame {
    Frame(kind: .ping, flags: ack ? Self.ack : 0, payload: payload)
  }

  static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Frame {
    Frame(kind: .windowUpdate, stream: stream, payload: bigEndian(increment))
  }

  /// Returns a request's head, in one frame.
  static func request(
    _ stream: UInt32, _ method: String = "GET", _ path: String = "/v1/agent", _ fields: [(String, String)] = [],
    end: Bool = true
  ) -> Frame {
    let pseudo = [(":method", method), (":scheme", "https"), (":authority", "a"), (":path", path)]
    // Literals that are not indexed: they have no state, so that a test may omit frames.
    let block = (pseudo + fields).flatMap { (name, value) -> [UInt8] in
      [0] + literal(name) + literal(value)
    }
    return Frame(kind: .headers, flags: endHeaders | (end ? endStream : 0), stream: stream, payload: block)
  }

  /// RFC 7541 section 5.2, without Huffman coding.
  private static func literal(_ text: String) -> [UInt8] {
    var (prefix, left) = ([UInt8](), text.utf8.count)
    if left < 127 { return [UInt8(left)] + text.utf8 }
    left -= 127
    prefix = [127]
    while left >= 128 {
      prefix.append(UInt8(left % 128 + 128))
      left /= 128
    }
    return prefix + [UInt8(left)] + text.utf8
  }
}

/// An HTTP/2 answer.
struct StreamAnswer {
  var fields: [String: String] = [:]
  var body = ""
  var isComplete = false
  /// The error code of the reset, if any.
  var reset: UInt32?

  var status: Int? { fields[":status"].flatMap { Int($0) } }
}

/// An HTTP/2 client that sends and receives frames.
final class HTTP2Conversation {
  let base: Conversation
  private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
  private var rest: [UInt8] = []
  /// All frames from the listener so far.
  private(set) var frames: [Frame] = []
  private(set) var answers: [UInt32: StreamAnswer] = [:]

  /// - Parameter settings: the client's settings, as pairs of identifier and value (RFC 9113 section 6.5).
  init(
    _ supervisor: ScriptedSupervisor = ScriptedSupervisor(), limits: HTTPLimits = HTTPLimits(),
    isDraining: Bool = false, clientsAreRuled: Bool = false, allowances: Allowances? = nil,
    settings: [(UInt16, UInt32)] = []
  ) throws {
    base = try Conversation(
      supervisor, limits: limits, isDraining: isDraining, clientsAreRuled: clientsAreRuled, allowances: allowances,
      .http2)
    base.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    let payload = settings.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xFF)] + Frame.bigEndian($0.1) }
    send(Frame(kind: .settings, payload: payload), Frame(kind: .settings, flags: Frame.ack))
  }

  var isOpen: Bool { base.isOpen }

  func send(_ frames: Frame...) { send(frames) }

  func send(_ frames: [Frame]) {
    base.send(bytes: frames.flatMap(\.bytes))
    receive()
  }

  func advance(by time: TimeAmount) {
    base.loop.advanceTime(by: time)
    receive()
  }

  func tell(_ event: some Sendable) {
    base.channel.pipeline.fireUserInboundEventTriggered(event)
    receive()
  }

  /// The GOAWAY frames so far: last stream and error code.
  var farewells: [[UInt32]] {
    frames.filter { $0.kind == .goAway }.map { [$0.number(at: 0), $0.number(at: 4)] }
  }

  /// Sends a request without a body.
  func exchange(_ request: Frame = .request(1)) -> StreamAnswer? {
    send(request)
    return answers[request.stream]
  }

  /// Reads what the listener has sent.
  func receive() {
    rest += base.receivedBytes()
    while rest.count >= 9 {
      let length = Int(rest[0]) << 16 | Int(rest[1]) << 8 | Int(rest[2])
      guard rest.count >= 9 + length, let kind = Frame.Kind(rawValue: rest[3]) else { return }
      let stream = rest[5..<9].reduce(0) { $0 << 8 | UInt32($1) }
      let frame = Frame(kind: kind, flags: rest[4], stream: stream, payload: Array(rest[9..<9 + length]))
      rest.removeFirst(9 + length)
      frames.append(frame)
      note(frame)
    }
  }

  private func note(_ frame: Frame) {
    var answer = answers[frame.stream] ?? StreamAnswer()
    switch frame.kind {
    case .headers:
      var block = ByteBuffer(bytes: frame.payload)
      for (name, value, _) in (try? decoder.decodeHeaders(from: &block)) ?? [:] { answer.fields[name] = value }
    case .data: answer.body += String(decoding: frame.payload, as: UTF8.self)
    case .reset: answer.reset = frame.number(at: 0)
    default: return
    }
    if frame.kind != .reset && frame.flags & Frame.endStream != 0 { answer.isComplete = true }
    answers[frame.stream] = answer
  }
}
