import Glibc
import Logging

/// A log event as a line. It never contains a control character; keys are sorted alphabetically.
public struct LogLine {
  let level: Logger.Level
  let message: String
  let fields: Logger.Metadata

  public init(level: Logger.Level, message: String, fields: Logger.Metadata) {
    self.level = level
    self.message = message
    self.fields = fields
  }

  /// Returns the line after its time or priority and, except for syslog, with a newline at the end; at most `limit` bytes.
  public func bytes(_ style: LineStyle, _ format: LogFormat = .text, limit: Int) -> [UInt8] {
    let (prefix, end) = (prefix(style), style == .syslog ? [] : [UInt8(ascii: "\n")])
    var bytes = Array((prefix + body(style, format, valueLimit: .max)).utf8)
    if bytes.count + end.count > limit {
      if format != .text {
        // Shorten each value, so that a reader can still parse the line. An escape has at most six bytes.
        let names = fields.keys.reduce(128) { $0 + 6 * $1.utf8.count + 8 }
        let each = max(8, (limit - names) / (6 * (fields.count + 1)))
        bytes = Array((prefix + body(style, format, valueLimit: each)).utf8)
      }
      Self.cut(&bytes, to: limit - end.count)
    }
    return bytes + end
  }

  private func prefix(_ style: LineStyle) -> String {
    switch style {
    case .timed: ""
    case .journal: "<\(level.priority)>"
    // LOG_AUTHPRIV in syslog.h.
    case .syslog: "<\(10 << 3 | level.priority)>agentd[\(getpid())]: "
    }
  }

  private func body(_ style: LineStyle, _ format: LogFormat, valueLimit: Int) -> String {
    let time = style == .timed ? Self.now() : nil
    let values = fields.sorted { $0.key < $1.key }.map { ($0.key, LogValue($0.value, limit: valueLimit)) }
    let message = message.cut(to: valueLimit)
    switch format {
    case .text:
      return (time.map { "\($0) \(level) " } ?? "") + message.escapingControlCharacters() + Self.pairs(values)
    case .logfmt:
      return (time.map { "time=\($0) " } ?? "") + "level=\(level) msg=\(message.quotedForLogfmt())" + Self.pairs(values)
    case .json:
      let head = [time.map { ("time", $0) }, ("level", "\(level)"), ("message", message)].compactMap(\.self)
      let taken = Set(head.map(\.0))
      let rest = values.map { (taken.contains($0.0) ? "\($0.0)_" : $0.0, $0.1.inJSON) }
      let members = (head.map { ($0.0, $0.1.quotedForJSON()) } + rest).map { "\($0.0.quotedForJSON()):\($0.1)" }
      return "{\(members.joined(separator: ","))}"
    }
  }

  private static func pairs(_ values: [(String, LogValue)]) -> String {
    values.map { " \($0.0.escapingControlCharacters())=\($0.1.text.quotedForLogfmt())" }.joined()
  }

  private static func cut(_ bytes: inout [UInt8], to limit: Int) {
    guard bytes.count > limit else { return }
    bytes.removeSubrange((limit - 3)...)
    // Do not cut in the middle of a character.
    while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
    if let last = bytes.last, last & 0xC0 == 0xC0 { bytes.removeLast() }
    bytes.append(contentsOf: "...".utf8)
  }

  /// `2026-11-23T18:38:28.123Z`, without Foundation: logging must work in the smallest process.
  private static func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var parts = tm()
    gmtime_r(&time.tv_sec, &parts)
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map { padded($0, 2) }
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
    return "\(date.joined(separator: "-"))T\(clock.joined(separator: ":")).\(padded(time.tv_nsec / 1_000_000, 3))Z"
  }
}

extension Logger.Level {
  /// The syslog(3) priority that sd-daemon(3) puts at the start of a line.
  fileprivate var priority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}

/// A value as text, and whether it is a JSON number.
private struct LogValue {
  let text: String
  private let isNumber: Bool

  init(_ value: Logger.Metadata.Value, limit: Int) {
    text = value.description.cut(to: limit)
    isNumber =
      switch value {
      case .stringConvertible(let number as Double): number.isFinite
      case .stringConvertible(let value): value is any BinaryInteger
      default: false
      }
  }

  var inJSON: String { isNumber ? text : text.quotedForJSON() }
}
