/// The result of cancelling all jobs of a client: the answer to `POST /v1/cancel`.
public struct CancelledJobs: Codable, Equatable, Sendable {
  /// The client's subject.
  public var client: String
  /// The number of queued jobs that were cancelled.
  public var queued: Int
  /// The number of running jobs that are being ended.
  public var running: Int

  /// The maximum length of a subject, in Unicode scalars: however they are encoded in a URL, they fit into the header fields.
  public static let maximumSubjectLength = 1024

  /// Creates an answer from its parts.
  public init(client: String, queued: Int = 0, running: Int = 0) {
    (self.client, self.queued, self.running) = (client, queued, running)
  }
}
