import AgentProtocol
import SystemCalls

/// How much free space a new job requires on the disk of the jobs.
struct DiskFloor {
  /// The minimum number of free bytes; `nil` for the default.
  var bytes: Int?

  private static let most: UInt64 = 64 << 20

  /// Returns how many bytes must be free on a disk of this size.
  func floor(_ space: DiskSpace) -> UInt64 { bytes.map { UInt64($0) } ?? min(Self.most, space.total / 20) }

  /// Returns what is wrong with a disk; `nil` if it can take a new job.
  func fault(_ space: DiskSpace) -> String? {
    if space.isReadOnly { return Self.readOnly }
    let floor = floor(space)
    return space.free < floor ? "the disk that holds the jobs has less than \(floor) bytes free" : nil
  }

  private static let readOnly = "the disk that holds the jobs is read-only"

  /// Refuses a new job if there is less space, or if nothing can be written.
  ///
  /// - Parameter space: `nil` if it cannot be determined; the job is then not refused.
  /// - Throws: `Problem` of kind `.noSpace`.
  func check(_ space: DiskSpace?) throws(Problem) {
    guard let space else { return }
    if space.isReadOnly { throw Problem(.noSpace, Self.readOnly) }
    let floor = floor(space)
    if space.free < floor {
      throw Problem(
        .noSpace, "the disk that holds the jobs has \(space.free) bytes free; at least \(floor) must stay free")
    }
  }
}
