import AgentProtocol
import Glibc
import SystemCalls
import Values

/// The record of clients on disk, written by agentd and also read by agent-register.
///
///     agentd clients 1
///     1764000000 CLIENT ROOT CERTIFICATE,CERTIFICATE
///     end 1
///
/// There is one line per client: the last time in seconds since the epoch, two SHA-256 thumbprints, and the certificates it presented (DER
/// in base64). The last line contains the number of clients.
public struct SightingsFile: Sendable {
  /// The reason why a record cannot be used.
  public struct Broken: Error, Equatable, Sendable, CustomStringConvertible {
    /// File, place and fault, in one line.
    public let description: String
  }

  /// The maximum size of the first and last line together, in bytes.
  static let frame = 64
  private static let firstLine = "agentd clients 1"

  private let path: String

  /// Creates a record for the file at `path`, which need not exist.
  public init(path: String) {
    self.path = path
  }

  /// Reads the record; without a file, it is empty.
  ///
  /// - Throws: `Broken` if the file is not a complete record, `SystemError` if it cannot be read.
  public func load() throws -> ClientSightings {
    guard let file = try open() else { return ClientSightings() }
    return try load(from: file)
  }

  /// Opens the file, so that another process can read it; `nil` if there is no file.
  public func open() throws(SystemError) -> FileDescriptor? {
    do throws(SystemError) { return try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW) } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
  }

  /// Reads the record from a file that is already open; throws like `load()`.
  public func load(from file: FileDescriptor) throws -> ClientSightings {
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try file.readAll(limit: ClientSightings.maximumBytes, path) } catch {
      if error.code != EFBIG { throw error }
      throw Broken(description: "\(path): larger than \(ClientSightings.maximumBytes) bytes")
    }
    do throws(Fault) { return try Self.parse(bytes) } catch {
      throw Broken(description: "\(path): line \(error.line): \(error.fact)")
    }
  }

  /// Writes the record durably: after a crash, the file holds either the old record or this one.
  public func save(_ sightings: ClientSightings) throws(SystemError) {
    try DurableFile.replace(path, with: Self.encode(sightings), mode: 0o600)
  }

  static func encode(_ sightings: ClientSightings) -> [UInt8] {
    var text = Self.firstLine + "\n"
    for sighting in sightings.newestFirst {
      let client = sighting.client
      text += "\(sighting.lastUse) \(client.thumbprint) \(client.root) "
      text += client.certificates.joined(separator: ",") + "\n"
    }
    return Array((text + "end \(sightings.count)\n").utf8)
  }
}

/// Parsing.
extension SightingsFile {
  struct Fault: Error {
    let line: Int
    let fact: String
  }

  static func parse(_ bytes: [UInt8]) throws(Fault) -> ClientSightings {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard let first = lines.first, first.elementsEqual(firstLine.utf8) else {
      throw Fault(line: 1, fact: "is not \"\(firstLine)\"")
    }
    guard lines.count >= 3, lines.removeLast().isEmpty else { throw Fault(line: lines.count, fact: "is truncated") }
    let last = lines.removeLast()
    guard last.elementsEqual("end \(lines.count - 1)".utf8) else {
      throw Fault(line: lines.count + 1, fact: "is not \"end \(lines.count - 1)\"")
    }
    guard lines.count - 1 <= ClientSightings.maximumClients else {
      throw Fault(line: lines.count, fact: "more than \(ClientSightings.maximumClients) clients")
    }
    var sightings = ClientSightings()
    for (index, line) in lines.enumerated().dropFirst() {
      guard let sighting = sighting(line) else { throw Fault(line: index + 1, fact: "is not a client") }
      if sightings.contains(sighting.client.thumbprint) { throw Fault(line: index + 1, fact: "repeats a client") }
      sightings.note(sighting.client, at: sighting.lastUse)
    }
    return sightings
  }

  private static func sighting(_ line: ArraySlice<UInt8>) -> Sighting? {
    let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard fields.count == 4, let time = Int64(fields[0]), (0...Self.latest).contains(time), "\(time)" == fields[0],
      let thumbprint = Thumbprint(canonical: fields[1]), let root = Thumbprint(canonical: fields[2]),
      let client = AdmittedClient(
        thumbprint: thumbprint, root: root,
        certificates: fields[3].split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    else { return nil }
    return Sighting(client: client, lastUse: time)
  }

  /// The end of the year 9999.
  private static let latest: Int64 = 253_402_300_799
}
