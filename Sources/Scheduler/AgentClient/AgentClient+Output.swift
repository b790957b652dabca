import AgentProtocol
import HTTPSClient
import NIOCore

extension AgentClient {
  /// Reads one of a job's streams, as bytes: each goes to `consumer` once and in order, whatever happens to connections meanwhile.
  /// Nothing is read ahead of `consumer`.
  ///
  /// - Parameters:
  ///   - stream: `stderr` is only there for a job that asked for it to be kept apart.
  ///   - offset: bytes to leave out at the beginning.
  ///   - follow: also what the job will write, until it has ended.
  ///   - consumer: what it throws ends the reading and comes out of this call.
  /// - Returns: the offset behind the last byte.
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
        // A job that waits for its turn has no output to begin with, which the agent says after a minute.
        let hasWaited = began.duration(to: .now) > .seconds(10)
        if offset > before || error.isSilence || hasWaited { schedule.succeeded() }
        try await schedule.wait(after: error.cause)
      }
    }
  }

  /// The agent's fault, as opposed to one of the consumer.
  private struct Interruption: Error {
    let cause: AgentError
    /// Nothing came for a while, which is no fault of a job that has nothing to say.
    var isSilence = false
  }

  private func readOutput(
    of id: JobID, _ stream: OutputStream, _ offset: inout Int64, follow: Bool,
    to consumer: ([UInt8]) async throws -> Void
  ) async throws {
    // What an agent of before does not know is left out where it is not needed.
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

  /// The next bytes; `nil` at the end.
  private func nextPart(of connection: HTTPSConnection, isFollowing: Bool) async throws -> ByteBuffer? {
    let began = ContinuousClock.now
    do {
      return try await connection.bytes(within: limits.stallTime)
    } catch let error as HTTPSError where isFollowing && began.duration(to: .now) >= .seconds(limits.stallTime) {
      throw Interruption(cause: AgentError(error), isSilence: true)
    }
  }
}
