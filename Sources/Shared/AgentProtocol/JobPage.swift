import Values
import Wording

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

  /// Encodes both keys; the cursor of the last page is null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(jobs, forKey: .jobs)
    try container.encode(cursor, forKey: .cursor)
  }
}

/// A page of jobs as JSON: what the client gets, written once.
public struct JobPageDocument: Codable, Equatable, Sendable {
  /// The page as `JSONEncoder` writes a `JobPage`.
  public let json: String
  /// The number of its jobs.
  public let count: Int

  /// Creates a document; `jobs` are the elements of the array, separated by commas.
  public init(jobs: JSONWriter, count: Int, cursor: String?) {
    var page = JSONWriter()
    page.object {
      $0.member(JobPage.CodingKeys.cursor.rawValue) { $0.string(cursor) }
      $0.member(JobPage.CodingKeys.jobs.rawValue) { $0.array { $0.verbatim(jobs.bytes) } }
    }
    json = page.text
    self.count = count
  }
}

/// The filter of `GET /v1/jobs`.
public struct JobFilter: Codable, Equatable, Sendable {
  /// Only jobs in this state.
  public var state: JobState?
  /// Only jobs of the client with this thumbprint.
  public var client: Thumbprint?
  /// Only jobs that have this label.
  public var label: JobLabel?
  /// Only jobs submitted at this time or later.
  public var since: Timestamp?
  /// The number of jobs on a page, 1 to `maximumLimit`.
  public var limit: Int
  /// Where to continue: the `cursor` of the previous page.
  public var cursor: String?

  /// The default number of jobs on a page.
  public static let defaultLimit = 100
  /// The maximum number of jobs on a page.
  public static let maximumLimit = 1000

  /// Creates a filter that matches every job, with pages of the default size.
  public init() {
    limit = Self.defaultLimit
  }
}

/// A label of a job.
public struct JobLabel: Codable, Equatable, Sendable {
  /// The label's name.
  public let name: String
  /// The label's value.
  public let value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Parses `NAME=VALUE`; the name ends at the first equals sign.
  ///
  /// - Returns: `nil` if no job can have this label.
  public init?(_ text: String) {
    let parts = text.parts(at: "=", most: 1)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count <= JobRequest.Limits.labelBytes }) else { return nil }
    self.init(name: parts[0], value: parts[1])
  }
}
