import Values
import Wording

/// A job's id, chosen by the client: 1 to 128 characters of A-Z a-z 0-9 . _ - that do not begin with a dot.
///
/// The name of the job's folder contains the id, which is why an id can be neither a path nor a hidden name.
public struct JobID: Hashable, Sendable, CustomStringConvertible {
  /// The id as the client wrote it.
  public let description: String
  /// The name space in which the id is unique: 32 lower-case hex digits for that of a client which sees only its own jobs, `nil` for the
  /// one that all other clients share. It is never disclosed: to a client, an id is what it wrote.
  public let space: String?

  /// Creates an id in the shared space.
  ///
  /// - Returns: `nil` if `text` is not a valid id.
  public init?(_ text: String) {
    guard (1...128).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "."),
      text.utf8.allSatisfy(Self.isAllowed)
    else { return nil }
    description = text
    space = nil
  }

  private init(_ id: JobID, in space: String?) {
    (description, self.space) = (id.description, space)
  }

  /// Returns the same id in the separate space of `owner`, which may be any name.
  public func ownSpace(of owner: String) -> JobID {
    JobID(self, in: String(SHA256.hexadecimal(of: Array(owner.utf8)).prefix(32)))
  }

  /// The same id in the shared space.
  public var shared: JobID { JobID(self, in: nil) }

  /// The id and its space as one word, unique across spaces: the name of the job's folder and the key of its record.
  public var key: String { space.map { "\($0)~\(description)" } ?? description }

  /// Parses a `key`; returns `nil` if `text` is not one.
  public init?(key text: String) {
    let parts = text.parts(at: "~", most: 1)
    guard let id = parts.last.flatMap({ JobID($0) }) else { return nil }
    guard parts.count == 2 else {
      self = id
      return
    }
    guard parts[0].utf8.count == 32, parts[0].utf8.allSatisfy(isCanonicalHexDigit) else { return nil }
    self.init(id, in: parts[0])
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension JobID: CodedAsText {
  /// Returns the message for a `DecodingError`.
  public static func fault(of text: String) -> String {
    "a job id has 1 to 128 characters of A-Z a-z 0-9 . _ - and does not begin with a dot"
  }
}
