/// The envelope of a record: kind, version, length of the contents, contents, CRC-32 of all that; integers are little-endian.
///
/// Binary, because the shepherd links neither JSON nor floating-point parsing; with a checksum, because a power failure can leave any
/// bytes.
enum RecordFormat {
  static let headerBytes = 12
  static let checksumBytes = 4

  enum Kind: UInt32 {
    case order = 0x4f53_4741  // "AGSO"
    case exit = 0x4553_4741  // "AGSE"

    /// The last version is the one written, the first the oldest that is accepted. Jobs outlive an upgrade of agentd: the new supervisor
    /// reads the orders of the old one, and until it runs, the old one starts the new shepherd and reads its records.
    var versions: ClosedRange<UInt32> {
      switch self {
      case .order: 2...6
      case .exit: 2...2
      }
    }
  }

  /// Returns the CRC-32 of IEEE 802.3; records are small and few, so it uses no table.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var remainder = ~UInt32(0)
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0xedb8_8320) }
    }
    return ~remainder
  }
}

struct RecordWriter {
  private let kind: RecordFormat.Kind
  private var contents: [UInt8] = []

  init(_ kind: RecordFormat.Kind) {
    self.kind = kind
  }

  mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { contents.append(contentsOf: $0) }
  }

  mutating func append(_ flag: Bool) { append(flag ? 1 as UInt8 : 0) }

  mutating func append(_ string: [UInt8]) {
    append(UInt32(string.count))
    contents.append(contentsOf: string)
  }

  mutating func append<Element>(list: [Element], _ each: (inout RecordWriter, Element) -> Void) {
    append(UInt32(list.count))
    for element in list { each(&self, element) }
  }

  mutating func append<Value>(optional value: Value?, _ body: (inout RecordWriter, Value) -> Void) {
    append(value != nil)
    if let value { body(&self, value) }
  }

  func finished(limit: Int) throws(ContractError) -> [UInt8] {
    let count = RecordFormat.headerBytes + contents.count + RecordFormat.checksumBytes
    guard count <= limit else { throw .tooLarge(count) }
    var whole = RecordWriter(kind)
    whole.contents.reserveCapacity(count)
    whole.append(kind.rawValue)
    whole.append(kind.versions.upperBound)
    whole.append(contents)
    whole.append(RecordFormat.checksum(whole.contents[...]))
    return whole.contents
  }
}

struct RecordReader {
  /// The version of the record; older records lack fields that were added later.
  private(set) var version: UInt32 = 0
  private var rest: ArraySlice<UInt8>

  /// Checks the envelope and prepares to read the contents.
  init(_ kind: RecordFormat.Kind, _ bytes: [UInt8], limit: Int) throws(ContractError) {
    guard bytes.count <= limit else { throw .tooLarge(bytes.count) }
    guard bytes.count >= RecordFormat.headerBytes + RecordFormat.checksumBytes else { throw .damaged }
    rest = bytes[...]
    guard try number(UInt32.self) == kind.rawValue else { throw .foreign }
    version = try number(UInt32.self)
    guard kind.versions.contains(version) else { throw .version(version) }
    let length = try number(UInt32.self)
    guard Int(length) == bytes.count - RecordFormat.headerBytes - RecordFormat.checksumBytes else { throw .damaged }
    var checksum = RecordReader(unchecked: bytes.suffix(RecordFormat.checksumBytes))
    let sum = RecordFormat.checksum(bytes.dropLast(RecordFormat.checksumBytes))
    guard try checksum.number(UInt32.self) == sum else { throw .damaged }
    rest = rest.dropLast(RecordFormat.checksumBytes)
  }

  private init(unchecked bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(ContractError) -> Number {
    let bytes = try take(Number.bitWidth / 8)
    return bytes.reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
  }

  mutating func flag(_ field: String) throws(ContractError) -> Bool {
    switch try number(UInt8.self) {
    case 0: false
    case 1: true
    default: throw .invalid(field)
    }
  }

  mutating func string() throws(ContractError) -> [UInt8] {
    Array(try take(Int(try number(UInt32.self))))
  }

  /// Reads a list.
  ///
  /// - Parameter smallest: the minimum size of an element in bytes, which limits the count before anything is allocated.
  mutating func list<Element>(
    smallest: Int, _ each: (inout RecordReader) throws(ContractError) -> Element
  ) throws(ContractError) -> [Element] {
    let count = Int(try number(UInt32.self))
    guard count <= rest.count / smallest else { throw .damaged }
    var list: [Element] = []
    list.reserveCapacity(count)
    for _ in 0..<count { list.append(try each(&self)) }
    return list
  }

  mutating func optional<Value>(
    _ field: String, _ body: (inout RecordReader) throws(ContractError) -> Value
  ) throws(ContractError) -> Value? {
    try flag(field) ? try body(&self) : nil
  }

  /// Ends reading: no bytes may be left over.
  func finish() throws(ContractError) {
    if !rest.isEmpty { throw .damaged }
  }

  private mutating func take(_ count: Int) throws(ContractError) -> ArraySlice<UInt8> {
    guard count <= rest.count else { throw .damaged }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }
}
