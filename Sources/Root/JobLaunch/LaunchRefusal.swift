/// Why a job cannot be started as asked; it is the job's `reason`, with the state `could_not_start`.
public struct LaunchRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// One line for whoever submitted the job.
  public let description: String
  /// Whether the host had no room for another process, and may have some a moment later.
  public let isOfTheMoment: Bool

  /// Creates a refusal with this reason.
  public init(_ description: String, isOfTheMoment: Bool = false) {
    self.description = description
    self.isOfTheMoment = isOfTheMoment
  }
}
