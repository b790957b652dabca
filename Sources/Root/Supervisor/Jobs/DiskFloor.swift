import AgentProtocol
import SystemCalls

/// How much room the disk of the jobs has to have for another one.
struct DiskFloor {
  /// Free bytes; `nil` for the default.
  var bytes: Int?

  private static let most: UInt64 = 64 << 20

  /// How many bytes have to be free on a disk of that size.
  func floor(_ space: DiskSpace) -> UInt64 { bytes.map { UInt64($0) } ?? min(Self.most, space.total / 20) }

  /// Refuses a new job if there is less room.
  ///
  /// - Throws: `Problem` of kind `.noSpace`. A disk that cannot be asked is no reason.
  func check(_ folder: String) throws(Problem) {
    guard bytes != 0, let space = DiskSpace(at: folder) else { return }
    let floor = floor(space)
    if space.free < floor {
      throw Problem(
        .noSpace, "the disk that holds the jobs has \(space.free) bytes free; at least \(floor) must stay free")
    }
  }
}
