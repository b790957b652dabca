import SystemCalls

@testable import ShepherdContract

/// The files that supervisor and shepherd exchange.
///
/// Mutations would never guess a checksum: an input is used as it is, and again as the contents of an envelope.
let recordTargets = [
  FuzzTarget("shepherd-records", atMost: 8192, seeds: { try recordSeeds() }) { input in
    for bytes in [input, enveloped(.order, input)] { try? check(order: bytes) }
    for bytes in [input, enveloped(.exit, input)] { try? check(exit: bytes) }
    check(lock: input)
    check(main: input)
  }
]

private func check(order bytes: [UInt8]) throws {
  let order = try Order(decoding: bytes)
  promise(try Order(decoding: order.encoded()) == order, "an order is read as it was written")
  let strings = order.arguments + order.environment + [order.directory, order.controlGroup ?? []]
  promise(!strings.contains { $0.contains(0) }, "no string of an order is cut at a NUL")
  promise(
    order.arguments.first?.isEmpty == false && order.directory.first == UInt8(ascii: "/"), "an order can be carried out"
  )
  if let identity = order.identity {
    promise(![identity.user, identity.group].contains(.max) && !identity.groups.contains(.max), "-1 is no identity")
  }
  let (sum, overflow) = (order.timeout ?? 0).addingReportingOverflow(order.killGrace)
  promise(!overflow && sum < UInt64(Int64.max) / 1_000_000, "moments can be counted in nanoseconds")
}

private func check(exit bytes: [UInt8]) throws {
  let record = try ExitRecord(decoding: bytes)
  promise(try record.encoded() == bytes, "a record is written as it was read")
}

private func check(lock bytes: [UInt8]) {
  guard let record = LockRecord(decoding: bytes) else { return }
  promise(record.processID > 0, "a process has a number above 0")
  promise(bytes.count <= LockRecord.maximumBytes, "a record is short")
  promise(LockRecord(decoding: record.encoded) == record, "a record is read as it was written")
}

private func check(main bytes: [UInt8]) {
  guard let record = MainRecord(decoding: bytes) else { return }
  promise(record.processID > 0 && bytes.count <= MainRecord.maximumBytes, "a process has a number above 0")
  promise(MainRecord(decoding: record.encoded) == record, "a record is read as it was written")
}

/// Returns contents in a valid envelope, built without the code under test except the checksum.
private func enveloped(_ kind: RecordFormat.Kind, _ contents: [UInt8]) -> [UInt8] {
  var bytes = [kind.rawValue, kind.versions.upperBound, UInt32(contents.count)].flatMap(littleEndian) + contents
  bytes += littleEndian(RecordFormat.checksum(bytes[...]))
  return bytes
}

private func littleEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }

private func recordSeeds() throws -> [[UInt8]] {
  try seeds(plainOrder.encoded()) + seeds(fullOrder.encoded()) + seeds(exitRecord.encoded())
    + [LockRecord(processID: 4711, bootID: "a-b").encoded, MainRecord(processID: 4711, startTime: 99).encoded]
}

/// Returns a complete record, and its contents alone.
private func seeds(_ record: [UInt8]) -> [[UInt8]] {
  [record, Array(record.dropFirst(RecordFormat.headerBytes).dropLast(RecordFormat.checksumBytes))]
}

private let plainOrder = Order(
  id: "job", arguments: [Array("/bin/true".utf8)], environment: [], directory: [UInt8(ascii: "/")], killGrace: 0)

private var fullOrder: Order {
  var order = Order(
    id: "nightly", arguments: ["/bin/echo", "", "x"].map { Array($0.utf8) }, environment: [Array("A=b".utf8)],
    directory: Array("/srv".utf8), killGrace: 3_600_000)
  order.identity = Order.Identity(user: 65534, group: 0, groups: [0, 1])
  order.timeout = 1000
  order.outputLimit = 1 << 40
  order.hasInput = true
  order.hasScript = true
  order.scriptIsOpen = true
  order.separatesErrors = true
  order.reportsEnd = true
  order.controlGroup = Array("/sys/fs/cgroup/agentd/job".utf8)
  order.memoryLimit = 1 << 30
  order.resourceLimits = [Order.ResourceLimit(resource: 7, soft: 1024, hard: .max)]
  return order
}

private var exitRecord: ExitRecord {
  var record = ExitRecord(startedAt: 1_763_900_000_123, finishedAt: 1_763_900_000_999, end: .exited(3))
  record.cause = .timeout
  record.cpuMicroseconds = 12345
  return record
}
