import Testing

@testable import Listener

/// RFC 9110 section 14.1.2 on a file of ten bytes; a range of `nil` means that the field is ignored, bounds of `nil` mean 416.
struct ByteRangeTests {
  @Test(arguments: [
    ("bytes=0-", 0..<10), ("bytes=0-0", 0..<1), ("bytes=3-5", 3..<6), ("bytes=9-", 9..<10), ("bytes=5-100", 5..<10),
    ("bytes=-3", 7..<10), ("bytes=-30", 0..<10), ("Bytes=2-", 2..<10),
  ])
  func satisfiable(_ field: String, _ expected: Range<Int64>) {
    #expect(ByteRange(field)?.resolved(size: 10) == expected)
  }

  @Test(arguments: ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=9223372036854775807-"])
  func unsatisfiable(_ field: String) throws {
    let range = try #require(ByteRange(field))
    #expect(range.resolved(size: 10) == nil)
  }

  @Test(arguments: [
    "", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-", "bytes=1-b", "bytes=0-1,3-4", "lines=0-1", "bytes= 1-2",
    "bytes=+1-2", "bytes=1--2", "bytes=99999999999999999999-", "bytes=0x1-",
  ])
  func ignored(_ field: String) {
    #expect(ByteRange(field) == nil)
  }

  @Test func nothingOfAnEmptyFile() {
    #expect(ByteRange("bytes=0-")?.resolved(size: 0) == nil)
    #expect(ByteRange("bytes=-5")?.resolved(size: 0) == nil)
  }
}
