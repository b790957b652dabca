import Values

/// A page of the job history, newest first: the answer to `GET /v1/jobs`.
public struct JobPage: Codable, Equatable, Sendable {
  /// The jobs of this page.
  public var jobs: [JobStatus]
  /// What to pass as `cursor` for the next page; null on the last.
  public var cursor: String?

  public init(jobs: [JobStatus], cursor: String?) {
    self.jobs = jobs
    self.cursor = cursor
  }

  enum CodingKeys: String, CodingKey {
    case jobs, cursor
  }

  /// Writes both keys: the cursor of the last page is null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(jobs, forKey: .jobs)
    try container.encode(cursor, forKey: .cursor)
  }
}

/// Which jobs `GET /v1/jobs` shows.
public struct JobFilter: Codable, Equatable, Sendable {
  /// Only jobs in this state.
  public var state: JobState?
  /// Only jobs of the client with this thumbprint.
  public var client: Thumbprint?
  /// Only jobs that have this label.
  public var label: JobLabel?
  /// Only jobs submitted at this moment or later.
  public var since: Timestamp?
  /// Jobs on a page: 1 to `maximumLimit`.
  public var limit: Int
  /// Where to go on: the `cursor` of the page before.
  public var cursor: String?

  /// Jobs on a page when the client does not say.
  public static let defaultLimit = 100
  /// The most jobs on a page.
  public static let maximumLimit = 1000

  /// Every job, a page of the default size.
  public init() {
    limit = Self.defaultLimit
  }
}

/// One label of a job.
public struct JobLabel: Codable, Equatable, Sendable {
  /// Its name.
  public let name: String
  /// What it says.
  public let value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Reads `NAME=VALUE`; the first equals sign ends the name.
  ///
  /// - Returns: `nil` for what no job can be labelled with.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count <= JobRequest.Limits.labelBytes }) else { return nil }
    self.init(name: parts[0], value: parts[1])
  }
}
