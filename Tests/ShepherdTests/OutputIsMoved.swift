import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Shepherd

/// Goal: what is in the pipes comes into the files as far as the limit and the disk allow, whether or not the file accepts splice(2), and all
/// else is counted.
struct OutputIsMoved {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ name: String, _ flags: Int32) throws -> FileDescriptor {
    try .open(name.hasPrefix("/") ? name : folder.path(name), O_WRONLY | O_CREAT | flags, mode: 0o600)
  }

  /// splice(2) does not support files that are open for appending: an earlier agentd opens them so.
  @Test(arguments: [0, O_APPEND], [nil, 0, 1, 99_999, 100_000, 100_001, 250_000] as [UInt64?])
  func upToTheLimit(_ flags: Int32, _ limit: UInt64?) throws {
    var ends: [FileDescriptor] = []
    let file = try file("output", flags)
    var output = try JobOutput(into: [file], limit: limit, nil, ends: &ends)
    let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    for _ in 0..<4 {
      try ends[0].writeAll(bytes)
      output.move()
    }
    let kept = Int(min(limit ?? .max, 200_000))
    let written = try DurableFile.read(folder.path("output"), limit: 1 << 20)
    #expect(written == Array((bytes + bytes + bytes + bytes).prefix(kept)))
    #expect(output.dropped == UInt64(200_000 - kept))
    #expect(output.exceedsLimit == (kept < 200_000) && !output.diskFailed)
  }

  @Test(arguments: [0, O_APPEND])
  func aFullDisk(_ flags: Int32) throws {
    var ends: [FileDescriptor] = []
    var output = try JobOutput(into: [try file("/dev/full", flags)], limit: 1000, nil, ends: &ends)
    for _ in 0..<3 {
      try ends[0].writeAll([UInt8](repeating: 1, count: 5000))
      output.move()
    }
    #expect(output.diskFailed && output.dropped == 15_000)
    #expect(!output.exceedsLimit, "nothing is kept, so nothing is too much")
  }

  /// The shorter one first, in either place.
  @Test(arguments: [0, 1])
  func twoStreamsShareTheLimit(_ flood: Int) throws {
    var ends: [FileDescriptor] = []
    let files = [try file("output", 0), try file("stderr", 0)]
    var output = try JobOutput(into: files, limit: 1000, nil, ends: &ends)
    try ends[flood].writeAll([UInt8](repeating: 1, count: 5000))
    try ends[1 - flood].writeAll([UInt8](repeating: 2, count: 10))
    output.move()
    let sizes = try files.map { try $0.status().st_size }
    #expect(sizes[1 - flood] == 10 && sizes[flood] == 990)
    #expect(output.dropped == 4010 && output.exceedsLimit)
  }

  @Test func aPipeEndsWithItsLastWriter() throws {
    var ends: [FileDescriptor] = []
    var output = try JobOutput(into: [try file("a", 0), try file("b", 0)], limit: nil, nil, ends: &ends)
    func look() {
      var polls = output.polls
      poll(&polls, nfds_t(polls.count), 0)
      output.move(polls[...])
    }
    look()
    #expect(output.isOpen && output.identities.count == 2)
    try ends[0].writeAll([1, 2, 3])
    ends[0].close()
    look()
    #expect(output.isOpen && output.identities.count == 1)
    #expect(try folder.read("a").utf8.count == 3)
    ends[1].close()
    look()
    #expect(!output.isOpen && output.identities.isEmpty)
  }
}
