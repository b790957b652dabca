import AgentProtocol
import FoundationEssentials
import SystemCalls

/// A frame of the link: 4 bytes with the length of the payload (big-endian), 1 byte with the number of attached descriptors, and the
/// payload, one JSON value.
enum Frame {
  /// The size of the header before the payload, in bytes.
  static let headerLength = 5
  /// The maximum size of a payload: a submit request at its limits with room for JSON escapes, or a full page of jobs.
  static let maximumPayload = 4 << 20
  /// The maximum size of a payload with the store's contents, which only the supervisor sends.
  static let maximumStorePayload = 32 << 20
  /// The maximum number of descriptors in a frame: a key, an inotify descriptor and the listening sockets.
  static let maximumDescriptors = 64

  static func encode(
    _ message: some Encodable, descriptors: Int, limit: Int = maximumPayload
  ) throws(LinkError) -> [UInt8] {
    let payload: Data
    do { payload = try JSONEncoder().encode(message) } catch { throw .unencodable("\(error)") }
    guard payload.count <= limit else { throw .tooLarge(payload.count, limit: limit) }
    guard descriptors <= maximumDescriptors else { throw .tooManyDescriptors(descriptors) }
    var frame: [UInt8] = []
    frame.reserveCapacity(headerLength + payload.count)
    withUnsafeBytes(of: UInt32(payload.count).bigEndian) { frame.append(contentsOf: $0) }
    frame.append(UInt8(descriptors))
    frame.append(contentsOf: payload)
    return frame
  }
}

/// The ways in which the other end violated the link's contract, or the link itself failed.
public enum LinkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A frame exceeds the maximum length; both in bytes.
  case tooLarge(Int, limit: Int)
  /// A frame announces more descriptors than allowed, or more than arrived.
  case tooManyDescriptors(Int)
  /// Descriptors arrived that no frame announced.
  case unannouncedDescriptors
  /// A payload is not a message of the expected kind.
  case undecodable(String)
  /// A message from this end cannot be encoded as JSON.
  case unencodable(String)
  /// A system call failed.
  case system(SystemError)

  /// One line for the log.
  public var description: String {
    switch self {
    case .tooLarge(let length, let limit): "frame of \(length) bytes; the maximum is \(limit)"
    case .tooManyDescriptors(let count):
      "frame announces \(count) descriptors, which are not allowed or did not come with it"
    case .unannouncedDescriptors: "descriptors came that no frame announced"
    case .undecodable(let reason): "frame that cannot be decoded: \(reason)"
    case .unencodable(let reason): "message that cannot be encoded: \(reason)"
    case .system(let error): "\(error)"
    }
  }
}
