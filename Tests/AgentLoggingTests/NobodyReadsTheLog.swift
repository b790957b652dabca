// Goal: a log that nobody reads blocks nobody; when it is read again, it reports how many lines are missing.
import Glibc
import Logging
import SystemCalls
import TestSupport
import Testing

@testable import AgentLogging

@Suite struct NobodyReadsTheLog {
  enum Kind: CaseIterable {
    /// Like agentd's own pipe, it does not block.
    case ownPipe
    /// Like another process's pipe, it blocks.
    case sharedPipe
    /// Like the journal's socket.
    case socket
  }

  @Test(arguments: Kind.allCases) func linesAreCountedAndTheRestArrives(kind: Kind) throws {
    let (reading, writing) = try ends(kind)
    let log = Logger(label: "test") { _ in LineLogHandler(to: writing, style: .journal) }
    log.info("before")
    try fill(writing)
    for _ in 0..<7 { log.info("lost") }
    let filling = try drain(reading)
    #expect(filling.hasPrefix("<6>before\n") && !filling.contains("lost"))

    log.info("after")
    log.info("and on")
    #expect(
      try drain(reading)
        == "<4>7 log lines were lost: the reader had stopped, or the disk was full pid=\(getpid())\n<6>after\n<6>and on\n"
    )
  }

  @Test func aLineThatWentOutInPartIsCompletedLater() throws {
    let (reading, writing) = try ends(.ownPipe)
    let log = Logger(label: "test") { _ in LineLogHandler(to: writing, style: .journal) }
    try fill(writing)
    // One page of the pipe becomes free.
    var page = [UInt8](repeating: 0, count: 4096)
    try #require(read(reading.raw, &page, page.count) == page.count)
    let long = String(repeating: "x", count: 6000)
    log.info("\(long)")
    log.info("lost")
    let first = try drain(reading)
    log.info("after")
    let lines = (first + (try drain(reading))).split(separator: "\n")
    #expect(lines.contains { $0.hasSuffix("<6>\(long)") })
    #expect(lines.suffix(2).first?.hasPrefix("<4>1 log lines were lost") == true && lines.last == "<6>after")
  }

  /// The reading end does not block; nor does the writing end if agentd set it so.
  private func ends(_ kind: Kind) throws -> (reading: FileDescriptor, writing: FileDescriptor) {
    if kind == .socket {
      let (reading, writing) = try FileDescriptor.socketPair()
      try reading.setNonBlocking(true)
      return (reading, writing)
    }
    let (reading, writing) = try FileDescriptor.pipe()
    try reading.setNonBlocking(true)
    try writing.setNonBlocking(kind == .ownPipe)
    return (reading, writing)
  }

  /// Writes until there is no room for another byte.
  private func fill(_ writing: FileDescriptor) throws {
    let before = fcntl(writing.raw, F_GETFL)
    try writing.setNonBlocking(true)
    var bytes = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
    while write(writing.raw, &bytes, bytes.count) > 0 {}
    #expect(errno == EAGAIN)
    while write(writing.raw, &bytes, 1) > 0 {}
    try writing.setNonBlocking(before & O_NONBLOCK != 0)
  }

  private func drain(_ reading: FileDescriptor) throws -> String {
    var (text, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 65536))
    while true {
      let count = read(reading.raw, &chunk, chunk.count)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text += chunk[..<count]
    }
  }
}
