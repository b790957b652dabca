import SystemCalls
import Testing

@testable import ShepherdContract

/// Goal: each side reads what the other writes.
struct RecordsComeBack {
  @Test(arguments: Samples.orders.indices)
  func order(_ index: Int) throws {
    let order = Samples.orders[index]
    #expect(try Order(decoding: order.encoded()) == order)
  }

  @Test(arguments: Samples.exits.indices)
  func exit(_ index: Int) throws {
    let record = Samples.exits[index]
    let bytes = try record.encoded()
    #expect(try ExitRecord(decoding: bytes) == record)
    #expect(bytes.count < ExitRecord.maximumBytes)
  }

  /// The published check value of CRC-32/ISO-HDLC, for the digits 1 to 9.
  @Test func checksum() {
    #expect(RecordFormat.checksum(Array("123456789".utf8)[...]) == 0xcbf4_3926)
  }

  @Test func anOrderThatIsTooLarge() {
    var order = Samples.orders[0]
    order.environment = [[UInt8](repeating: 65, count: Order.maximumBytes)]
    #expect(throws: ContractError.self) { try order.encoded() }
  }

  @Test(arguments: [
    ("4711 0fd3-2\n", LockRecord(processID: 4711, bootID: "0fd3-2")), ("1 \n", LockRecord(processID: 1, bootID: "")),
    ("", nil), ("4711", nil), ("4711 x", nil), ("0 x\n", nil), ("-1 x\n", nil), ("x x\n", nil), ("4711\n", nil),
    ("99999999999 x\n", nil), ("1 x y\n", nil), ("1 " + String(repeating: "x", count: 200) + "\n", nil),
  ])
  func lock(_ text: String, _ record: LockRecord?) {
    #expect(LockRecord(decoding: Array(text.utf8)) == record)
    if let record { #expect(record.encoded == Array(text.utf8)) }
  }

  @Test(arguments: [
    ("4711 99\n", MainRecord(processID: 4711, startTime: 99)),
    (
      "4711 99 13 7 13 18446744073709551615\n",
      MainRecord(
        processID: 4711, startTime: 99,
        pipes: [FileIdentity(device: 13, number: 7), FileIdentity(device: 13, number: .max)])
    ), ("4711 99", nil), ("4711\n", nil), ("4711 99 13\n", nil), ("0 99\n", nil), ("-1 99\n", nil),
    ("4711 99 13 x\n", nil), ("99999999999 1\n", nil), ("4711  99\n", nil),
  ])
  func main(_ text: String, _ record: MainRecord?) {
    #expect(MainRecord(decoding: Array(text.utf8)) == record)
    if let record { #expect(record.encoded == Array(text.utf8)) }
  }
}
