import Glibc
import Logging

/// A log event as text: `LEVEL MESSAGE KEY=VALUE ...`, values quoted where logfmt needs it, keys in alphabetical order.
struct LogLine {
  let level: Logger.Level
  let message: String
  let fields: Logger.Metadata

  /// The line with its time or priority in front and a newline at the end, at most `limit` bytes.
  func bytes(_ style: LineStyle, limit: Int) -> [UInt8] {
    var text =
      switch style {
      case .timed: "\(Self.now()) \(level) "
      case .journal: "<\(level.priority)>"
      }
    text += message.escapingControlCharacters()
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      text += " \(key.escapingControlCharacters())=\(value.description.quotedForLogfmt())"
    }
    var bytes = Array(text.utf8)
    if bytes.count >= limit {
      bytes.removeSubrange((limit - 4)...)
      // Not in the middle of a character.
      while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
      if let last = bytes.last, last & 0xC0 == 0xC0 { bytes.removeLast() }
      bytes.append(contentsOf: "...".utf8)
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
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
  /// The syslog(3) priority that sd-daemon(3) has in front of a line.
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
