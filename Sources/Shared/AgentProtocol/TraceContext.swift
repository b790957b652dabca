import Wording

/// The place of a job in a distributed trace: W3C Trace Context, which a request carries in header fields and a job in its environment.
public struct TraceContext: Codable, Equatable, Sendable {
  /// The field `traceparent`, in version 00.
  public let traceparent: String
  /// The field `tracestate`; `nil` if there is none, or if it is invalid.
  public let tracestate: String?

  /// The maximum length of `tracestate`, in bytes: the members that would exceed it are dropped, the last first.
  static let longestState = 1024
  /// The maximum number of members of `tracestate`.
  private static let mostMembers = 32

  /// Reads the fields of a request. As the recommendation has it, an invalid `traceparent` means that there is no trace, and an invalid
  /// `tracestate` is dropped.
  ///
  /// - Parameters:
  ///   - parents: the values of all fields `traceparent`.
  ///   - states: the values of all fields `tracestate`, in order.
  public init?(parents: [String], states: [String] = []) {
    guard parents.count == 1, let parent = Self.parent(parents[0]) else { return nil }
    traceparent = parent
    tracestate = Self.state(states)
  }

  /// Decodes what a request can have.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let parent = try container.decode(String.self, forKey: .traceparent)
    let state = try container.decodeIfPresent(String.self, forKey: .tracestate)
    guard let valid = TraceContext(parents: [parent], states: state.map { [$0] } ?? []) else {
      throw DecodingError.dataCorruptedError(
        forKey: .traceparent, in: container, debugDescription: "not a traceparent of version 00")
    }
    self = valid
  }

  /// Reads the environment of a process.
  public init?(environment: [String: String]) {
    guard let parent = environment[Self.parentVariable] else { return nil }
    self.init(parents: [parent], states: environment[Self.stateVariable].map { [$0] } ?? [])
  }

  /// The variables that carry it into a process; OpenTelemetry's environment carriers.
  public var variables: [String: String] {
    var variables = [Self.parentVariable: traceparent]
    variables[Self.stateVariable] = tracestate
    return variables
  }

  private static let (parentVariable, stateVariable) = ("TRACEPARENT", "TRACESTATE")

  /// Returns the field in version 00: what a later version adds is not known here.
  private static func parent(_ field: String) -> String? {
    let bytes = Array(field.utf8)
    let dash = UInt8(ascii: "-")
    guard bytes.count >= 55, [2, 35, 52].allSatisfy({ bytes[$0] == dash }) else { return nil }
    let (version, trace, span, flags) = (bytes[..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55])
    guard [version, trace, span, flags].allSatisfy({ $0.allSatisfy(isHexadecimal) }), !version.elementsEqual("ff".utf8),
      [trace, span].allSatisfy({ id in id.contains { $0 != UInt8(ascii: "0") } })
    else { return nil }
    if version.elementsEqual("00".utf8) { return bytes.count == 55 ? field : nil }
    return bytes.count == 55 || bytes[55] == dash ? "00" + String(decoding: bytes[2..<55], as: UTF8.self) : nil
  }

  private static func state(_ fields: [String]) -> String? {
    var members: [String] = []
    var keys: Set<String> = []
    for part in fields.flatMap({ $0.parts(at: ",") }) {
      let member = trimmed(part)
      // An empty member is allowed.
      if member.isEmpty { continue }
      let pair = member.parts(at: "=", most: 1)
      guard pair.count == 2, isKey(Array(pair[0].utf8)), isValue(Array(pair[1].utf8)), keys.insert(pair[0]).inserted
      else { return nil }
      members.append(member)
    }
    guard (1...mostMembers).contains(members.count) else { return nil }
    while members.reduce(members.count - 1, { $0 + $1.utf8.count }) > longestState { members.removeLast() }
    return members.isEmpty ? nil : members.joined(separator: ",")
  }

  private static func trimmed(_ text: String) -> String {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    return String(decoding: text.utf8.drop(while: isBlank).reversed().drop(while: isBlank).reversed(), as: UTF8.self)
  }

  /// Whether it is a key of the recommendation's second level: it begins with a letter or digit; one `@` may separate tenant and system.
  private static func isKey(_ bytes: [UInt8]) -> Bool {
    guard (1...256).contains(bytes.count), isLower(bytes[0]) || isDigit(bytes[0]) else { return false }
    return bytes.count { $0 == UInt8(ascii: "@") } <= 1
      && bytes.allSatisfy { isLower($0) || isDigit($0) || Array("_-*/@".utf8).contains($0) }
  }

  private static func isValue(_ bytes: [UInt8]) -> Bool {
    (1...256).contains(bytes.count)
      && bytes.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }

  private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
