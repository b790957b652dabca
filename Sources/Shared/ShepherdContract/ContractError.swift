/// Why bytes are not an order or an exit record, or why one cannot be made.
public enum ContractError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Another kind of record, or none.
  case foreign
  /// Written by a version that is not understood here.
  case version(UInt32)
  /// Cut short, too long, or with a wrong checksum.
  case damaged
  /// A value is outside its range although the checksum is right.
  case invalid(String)
  /// More bytes than the record may have.
  case tooLarge(Int)

  /// What is wrong, without the name of the file.
  public var description: String {
    switch self {
    case .foreign: "not a record of this kind"
    case .version(let version): "unsupported record version \(version)"
    case .damaged: "damaged record: wrong length or checksum"
    case .invalid(let field): "\(field) of the record is out of range"
    case .tooLarge(let count): "record of \(count) bytes is too large"
    }
  }
}
