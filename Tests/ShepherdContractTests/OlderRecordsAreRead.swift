import Testing

@testable import ShepherdContract

/// Goal: a job that runs across an upgrade of agentd is understood: records of the previous version can be read. The bytes were not
/// produced by the code under test.
struct OlderRecordsAreRead {
  @Test func orderOfVersion2() throws {
    let bytes = hexadecimal(
      """
      4147534f0200000065000000030000006a6f6202000000090000002f62696e2f6563686f0500000068656c6c6f0100000003000000413d6204000000\
      2f7372760101feff0000640000000200000064000000040000000160ea0000000000001027000000000000010000100000000000018faca2ee
      """)
    var expected = Order(
      id: "job", arguments: [Array("/bin/echo".utf8), Array("hello".utf8)], environment: [Array("A=b".utf8)],
      directory: Array("/srv".utf8), killGrace: 10_000)
    expected.mayStartInRoot = true
    expected.identity = Order.Identity(user: 65534, group: 100, groups: [100, 4])
    expected.timeout = 60_000
    expected.outputLimit = 1 << 20
    expected.hasInput = true
    let order = try Order(decoding: bytes)
    #expect(order == expected)
    #expect(order.umask == 0o022 && order.controlGroup == nil && !order.hasScript && order.resourceLimits.isEmpty)
  }

  @Test func orderOfVersion3() throws {
    let bytes = hexadecimal(
      """
      4147534f03000000a2000000030000006a6f6202000000090000002f62696e2f6563686f0500000068656c6c6f0100000003000000413d6204000000\
      2f7372760101feff0000640000000200000064000000040000000160ea0000000000001027000000000000010000100000000000010101120000002f\
      7379732f66732f6367726f75702f6a6f6201000000400000000017000000010000000700000000040000000000000010000000000000c4eb28bb
      """)
    let order = try Order(decoding: bytes)
    #expect(order.hasScript && order.controlGroup == Array("/sys/fs/cgroup/job".utf8) && order.memoryLimit == 1 << 30)
    #expect(order.umask == 0o027 && order.resourceLimits == [.init(resource: 7, soft: 1024, hard: 4096)])
    #expect(!order.separatesErrors && !order.reportsEnd)
  }

  @Test func orderOfVersion4() throws {
    let bytes = hexadecimal(
      """
      4147534f04000000a4000000030000006a6f6202000000090000002f62696e2f6563686f0500000068656c6c6f0100000003000000413d6204000000\
      2f7372760101feff0000640000000200000064000000040000000160ea0000000000001027000000000000010000100000000000010101120000002f\
      7379732f66732f6367726f75702f6a6f620100000040000000001700000001000000070000000004000000000000001000000000000001012ce48e80
      """)
    let order = try Order(decoding: bytes)
    #expect(order.separatesErrors && order.reportsEnd && order.hasScript && !order.scriptIsOpen)
  }

  @Test func orderOfVersion5() throws {
    let bytes = hexadecimal(
      """
      4147534f05000000a5000000030000006a6f6202000000090000002f62696e2f6563686f0500000068656c6c6f0100000003000000413d6204000000\
      2f7372760101feff0000640000000200000064000000040000000160ea0000000000001027000000000000010000100000000000010101120000002f\
      7379732f66732f6367726f75702f6a6f6201000000400000000017000000010000000700000000040000000000000010000000000000010101c32216\
      ed
      """)
    let order = try Order(decoding: bytes)
    #expect(order.separatesErrors && order.reportsEnd && order.hasScript && order.scriptIsOpen)
    #expect(!order.leavesProcesses)
  }

  @Test func exitOfVersion2() throws {
    let bytes = hexadecimal(
      """
      41475345020000003b0000007b07a2b09a010000630ba2b09a0100000007000000000000000105000000000000000010000000000000010000000000\
      00000000000000000000003cae4e30
      """)
    var expected = ExitRecord(startedAt: 1_763_900_000_123, finishedAt: 1_763_900_001_123, end: .exited(7))
    expected.cause = .timeout
    expected.cpuMicroseconds = 5
    expected.peakMemoryBytes = 4096
    expected.killed = 1
    #expect(try ExitRecord(decoding: bytes) == expected)
  }

  /// The old supervisor starts the new shepherd and reads its records until it is restarted itself.
  @Test func exitIsWrittenAsTheVersionBeforeReadsIt() throws {
    #expect(try Samples.exits[0].encoded()[4...7] == [2, 0, 0, 0])
  }

  @Test(arguments: [1, 7] as [UInt8])
  func otherVersionsAreNot(_ version: UInt8) throws {
    var bytes = try Samples.orders[0].encoded()
    bytes[4] = version
    #expect(throws: ContractError.version(UInt32(version))) { try Order(decoding: bytes) }
  }

  private func hexadecimal(_ text: String) -> [UInt8] {
    var digits = text.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16)! }[...]
    var bytes: [UInt8] = []
    while let high = digits.popFirst(), let low = digits.popFirst() { bytes.append(high << 4 | low) }
    return bytes
  }
}
