/// The result of cancelling all jobs of a client: the answer to `POST /v1/cancel`.
public struct CancelledJobs: Codable, Equatable, Sendable {
  /// The client's subject.
  public var client: String
  /// The number of queued jobs that were cancelled.
  public var queued: Int
  /// The number of running jobs that are being ended.
  public var running: Int

  /// The maximum length of a subject, in bytes.
  public static let maximumSubjectBytes = 16_384

  /// Creates an answer from its parts.
  public init(client: String, queued: Int = 0, running: Int = 0) {
    (self.client, self.queued, self.running) = (client, queued, running)
  }
}
