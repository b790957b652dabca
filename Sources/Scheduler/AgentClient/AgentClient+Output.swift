import AgentProtocol
import HTTPSClient
import NIOCore

extension AgentClient {
  /// Reads one of a job's streams: each byte is passed to `consumer` once and in order, even if connections are lost.
  ///
  /// Nothing is read ahead of `consumer`.
  ///
  /// - Parameters:
  ///   - stream: `stderr` exists only for a job that requested it separately.
  ///   - offset: the number of bytes to skip at the beginning.
  ///   - follow: whether to continue with what the job writes until it has ended.
  ///   - consumer: if it throws, reading ends and this call throws the error.
  /// - Returns: the offset after the last byte.
  @discardableResult
  public func output(
    of id: JobID, _ stream: OutputStream = .stdout, from offset: Int64 = 0, follow: Bool = false,
    to consumer: ([UInt8]) async throws -> Void
  ) async throws -> Int64 {
    var offset = offset
    var schedule = RetrySchedule(limits)
    while true {
      let (before, began) = (offset, ContinuousClock.now)
      do {
        try await readOutput(of: id, stream, &offset, follow: follow, to: consumer)
        return offset
      } catch let error as Interruption {
        // A waiting job has no output yet, which the agent reports after a minute.
        let hasWaited = began.duration(to: .now) > .seconds(10)
        if offset > before || error.isSilence || hasWaited { schedule.succeeded() }
        try await schedule.wait(after: error.cause)
      }
    }
  }

  /// A failure of the agent, as opposed to one of the consumer.
  private struct Interruption: Error {
    let cause: AgentError
    /// Whether nothing arrived for a while, which is not a failure: the job may have nothing to write.
    var isSilence = false
  }

  private func readOutput(
    of id: JobID, _ stream: OutputStream, _ offset: inout Int64, follow: Bool,
    to consumer: ([UInt8]) async throws -> Void
  ) async throws {
    // An older agent does not know the parameter, so it is sent only if needed.
    let which = stream == .stdout ? "" : "&stream=\(stream.rawValue)"
    let path = "/v1/jobs/\(id)/output?offset=\(offset)\(which)\(follow ? "&follow=true" : "")"
    var position = offset
    defer { offset = position }
    do {
      try await withAnswer(.GET, path) { answer, connection in
        guard answer.status == 200 else {
          throw AgentError(answer, try await document(of: connection))
        }
        while let part = try await nextPart(of: connection, isFollowing: follow) {
          position += Int64(part.readableBytes)
          do { try await consumer(Array(part.readableBytesView)) } catch { throw ConsumerError(cause: error) }
        }
      }
    } catch let error as ConsumerError {
      throw error.cause
    } catch let error as AgentError {
      throw Interruption(cause: error)
    }
  }

  private struct ConsumerError: Error {
    let cause: any Error
  }

  /// Returns the next bytes; `nil` at the end.
  private func nextPart(of connection: HTTPSConnection, isFollowing: Bool) async throws -> ByteBuffer? {
    let began = ContinuousClock.now
    do {
      return try await connection.bytes(within: limits.stallTime)
    } catch let error as HTTPSError where isFollowing && began.duration(to: .now) >= .seconds(limits.stallTime) {
      throw Interruption(cause: AgentError(error), isSilence: true)
    }
  }
}
