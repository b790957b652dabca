/// The reasons why bytes are not an order or an exit record, or why one cannot be encoded.
public enum ContractError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Another kind of record, or not a record.
  case foreign
  /// A version that this program does not support.
  case version(UInt32)
  /// Truncated, too long, or with a wrong checksum.
  case damaged
  /// A value is out of range although the checksum is correct.
  case invalid(String)
  /// The record exceeds the maximum size.
  case tooLarge(Int)

  /// The fault, without the name of the file.
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
