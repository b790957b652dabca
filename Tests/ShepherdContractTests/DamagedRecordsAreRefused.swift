import Testing

@testable import ShepherdContract

/// Goal: only bytes that were written completely are accepted as a record: not half of them, not with any bit changed, not with anything
/// after them.
struct DamagedRecordsAreRefused {
  static let records: [[UInt8]] = [
    (try? Samples.orders[1].encoded()) ?? [], (try? Samples.exits[0].encoded()) ?? [],
    (try? Samples.exits[4].encoded()) ?? [],
  ]

  @Test(arguments: records)
  func anyLengthButTheRightOne(_ bytes: [UInt8]) throws {
    try #require(isRecord(bytes))
    for count in 0..<bytes.count { #expect(!isRecord(Array(bytes.prefix(count)))) }
    #expect(!isRecord(bytes + [0]))
    #expect(!isRecord(bytes + bytes))
  }

  @Test(arguments: records)
  func anyBit(_ bytes: [UInt8]) {
    for bit in 0..<bytes.count * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(!isRecord(changed), "bit \(bit)")
    }
  }

  @Test func oneForTheOther() throws {
    #expect(throws: ContractError.foreign) { try ExitRecord(decoding: Samples.orders[0].encoded()) }
    #expect(throws: ContractError.foreign) { try Order(decoding: Samples.exits[0].encoded()) }
    #expect(throws: ContractError.damaged) { try Order(decoding: [UInt8](repeating: 0, count: 4)) }
    #expect(throws: ContractError.tooLarge(5000)) { try ExitRecord(decoding: [UInt8](repeating: 0, count: 5000)) }
  }

  /// Records of a later agentd must not be misread after a downgrade.
  @Test func anotherVersion() throws {
    var bytes = try Samples.exits[0].encoded()
    bytes[4] = 3
    #expect(throws: ContractError.version(3)) { try ExitRecord(decoding: bytes) }
  }

  private func isRecord(_ bytes: [UInt8]) -> Bool {
    (try? Order(decoding: bytes)) != nil || (try? ExitRecord(decoding: bytes)) != nil
  }
}

/// Goal: values out of range are refused although length and checksum are correct.
struct ImpossibleValuesAreRefused {
  static let orders: [@Sendable (inout Order) -> Void] = [
    { $0.arguments = [] },
    { $0.arguments = [[]] },
    { $0.arguments = [[65, 0, 66]] },
    { $0.environment = [[65, 61, 0]] },
    { $0.directory = [] },
    { $0.directory = Array("tmp".utf8) },
    { $0.directory = [47, 0] },
    { $0.timeout = .max },
    { $0.killGrace = .max },
    { $0.outputLimit = .max },
    { $0.controlGroup = Array("cgroup".utf8) },
    { $0.controlGroup = [47, 0] },
    { $0.umask = 0o1777 },
    { $0.resourceLimits = [.init(resource: 16, soft: 1, hard: 1)] },
    { $0.resourceLimits = [.init(resource: 1, soft: 2, hard: 1)] },
    { $0.identity = Order.Identity(user: .max, group: 1, groups: []) },
    { $0.identity = Order.Identity(user: 1, group: .max, groups: []) },
    { $0.identity = Order.Identity(user: 1, group: 1, groups: [1, .max]) },
  ]

  @Test(arguments: orders.indices)
  func order(_ index: Int) throws {
    var order = Samples.orders[1]
    Self.orders[index](&order)
    let bytes = try order.encoded()
    #expect(throws: ContractError.self) { try Order(decoding: bytes) }
  }

  @Test(arguments: [
    ExitRecord.End.signalled(0), .signalled(65), .signalled(-1),
  ])
  func exit(_ end: ExitRecord.End) throws {
    let bytes = try ExitRecord(startedAt: 0, finishedAt: 0, end: end).encoded()
    #expect(throws: ContractError.invalid("end")) { try ExitRecord(decoding: bytes) }
  }

  /// A count is checked against the available bytes before anything is allocated for it.
  @Test func aListThatClaimsToBeHuge() throws {
    var writer = RecordWriter(.order)
    writer.append(Array("job".utf8))
    writer.append(UInt32.max)
    let bytes = try writer.finished(limit: 1000)
    #expect(throws: ContractError.damaged) { try Order(decoding: bytes) }
  }
}
