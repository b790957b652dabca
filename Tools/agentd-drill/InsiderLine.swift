import AgentProtocol
import FoundationEssentials
import HTTPSClient
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// A connection of an insider for one request after another; nothing is retried, and rules of the API can be broken.
struct InsiderLine {
  struct Answer {
    let status: Int
    let body: ByteBuffer
    var isSuccess: Bool { (200..<300).contains(status) }
    var text: String { String(buffer: body) }

    func decoded<Value: Decodable>(_ type: Value.Type) -> Value? {
      try? JSONDecoder().decode(type, from: Data(body.readableBytesView))
    }
  }

  /// The answers that whoever misbehaves has to expect.
  private static let expected: Set = [200, 201, 204, 403, 404, 409, 413, 422, 429, 503, 507]

  private let insider: Insider
  private let host: DrillHost
  private let book: Book
  private let context: TLSClientContext
  private var connection: HTTPSConnection?

  init(_ insider: Insider, _ host: DrillHost, _ book: Book) throws {
    self.insider = insider
    self.host = host
    self.book = book
    context = try host.context(of: insider)
  }

  /// Sends a request and returns the answer; `nil` if there is none, which is counted, or if the task was cancelled.
  ///
  /// - Parameter claimed: the length of the body according to its head; by default the correct one.
  mutating func ask(
    _ method: HTTPMethod, _ path: String, _ body: ByteBuffer? = nil, claimed: Int? = nil, within seconds: Double = 70
  ) async -> Answer? {
    guard let begun = await begin(method, path, body, claimed: claimed, within: seconds) else { return nil }
    do {
      let answer = Answer(
        status: begun.head.status, body: try await begun.connection.body(atMost: 64 << 20, stalling: 20))
      if begun.head.keepsConnection { connection = begun.connection } else { begun.connection.close() }
      judge(answer)
      return answer
    } catch {
      await failed(begun.connection)
      return nil
    }
  }

  /// Sends a request and returns the head of its answer, with the connection, which now belongs to the caller.
  mutating func begin(
    _ method: HTTPMethod, _ path: String, _ body: ByteBuffer? = nil, claimed: Int? = nil, within seconds: Double = 70
  ) async -> (head: AnswerHead, connection: HTTPSConnection)? {
    var headers = HTTPHeaders([("Host", "127.0.0.1")])
    if body != nil || method == .POST {
      headers.add(name: "Content-Length", value: "\(claimed ?? body?.readableBytes ?? 0)")
    }
    let kept = connection
    connection = nil
    var used: HTTPSConnection?
    do {
      if let kept, kept.isOpen { used = kept } else { used = try await open() }
      used?.send(HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers), body: body)
      guard let used else { return nil }
      return (try await used.head(within: seconds), used)
    } catch {
      await failed(used)
      return nil
    }
  }

  mutating func submit(_ id: String, _ request: JobRequest) async -> Answer? {
    guard let json = try? JSONEncoder().encode(request) else { return nil }
    return await ask(.PUT, "/v1/jobs/\(id)", ByteBuffer(bytes: json))
  }

  mutating func close() {
    connection?.close()
    connection = nil
  }

  /// Counts an answer, and checks that it is one that agentd should give.
  func judge(_ answer: Answer) {
    book.count(insider, "\(answer.status)")
    if Self.expected.contains(answer.status) || !book.hits(since: .now - .seconds(30)).isEmpty { return }
    book.violation("\(insider.name): was answered with \(answer.status): \(answer.text.prefix(300))")
  }

  private func open() async throws -> HTTPSConnection {
    try await HTTPSConnection.open(
      to: host.address, context, within: 10, on: MultiThreadedEventLoopGroup.singleton)
  }

  private func failed(_ connection: HTTPSConnection?) async {
    connection?.close()
    if Task.isCancelled { return }
    book.count(insider, "no answer")
    await Self.pause()
  }

  /// After a fault, not all connections return at once: handshakes cost the processor more than anything that is tested here.
  static func pause() async { try? await Task.sleep(for: .milliseconds(Int.random(in: 1000...8000))) }
}
