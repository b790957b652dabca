import Glibc
import OpenSSL
import SystemCalls
import TestSupport
import Testing

/// Secrets are locked, limited in size and never printed.
@Suite struct Secrets {
  @Test func contentIsNeverPrinted() {
    let secret = SecretBytes(copying: Array("hunter2".utf8))
    #expect("\(secret)" == "7 secret bytes")
    #expect(String(reflecting: secret) == "7 secret bytes" || !String(reflecting: secret).contains("hunter2"))
    #expect(secret.isLocked)
  }

  @Test(arguments: [("one\ntwo", "one"), ("one\r\ntwo", "one"), ("one", "one"), ("", ""), ("\n", "")])
  func firstLine(_ row: (all: String, first: String)) {
    let line = SecretBytes(copying: Array(row.all.utf8)).firstLine
    #expect(line.withUnsafeBytes { Array($0) } == Array(row.first.utf8))
  }

  @Test(arguments: [0, 1, 65535, 65536, 65537, 200_000])
  func descriptorIsReadToItsEnd(_ size: Int) throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let path = try folder.write("secret", bytes)
    func read(limit: Int) throws -> SecretBytes {
      let file = try FileDescriptor.open(path, O_RDONLY)
      return try SecretBytes(readingDescriptor: file.raw, limit: limit)
    }
    #expect(try read(limit: size).withUnsafeBytes { Array($0) } == bytes)
    if size > 0 { #expect(throws: SystemError("read", code: EFBIG)) { try read(limit: size - 1) } }
  }

  @Test func failureOfReadIsNamed() {
    #expect(throws: SystemError("read", code: EBADF)) { try SecretBytes(readingDescriptor: -1, limit: 10) }
  }
}
