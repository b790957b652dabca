import Glibc
import Logging
import SystemCalls

/// Writes each log event as one line with one write(2) where there is room, so that lines of several processes do not mix.
///
/// A line never holds a control character: what a peer sent cannot make a second line or move a terminal's cursor.
public struct LineLogHandler: LogHandler {
  /// The most bytes of a line; the rest is cut and `...` says so.
  public static let maximumLineLength = 8192

  private let output: LogOutput
  private let style: LineStyle

  /// Events below it are not logged.
  public var logLevel: Logger.Level
  /// Goes with every event.
  public var metadata: Logger.Metadata = [:]
  /// Asked at every event.
  public var metadataProvider: Logger.MetadataProvider?

  /// Logs to `descriptor`, which stays open as long as the handler or a copy of it lives.
  public init(to descriptor: FileDescriptor, style: LineStyle, level: Logger.Level = .info) {
    output = LogOutput(to: descriptor)
    self.style = style
    logLevel = level
  }

  /// One entry of `metadata`.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes the event. A line that cannot be written is lost, and counted: when there is room again, the log says how many were.
  /// Nobody waits for a reader for longer than a twentieth of a second, and that not each time.
  public func log(event: LogEvent) {
    var fields = metadata
    fields.merge(metadataProvider?.get() ?? [:]) { _, new in new }
    fields.merge(event.metadata ?? [:]) { _, new in new }
    if let error = event.error { fields["error"] = .string("\(error)") }
    let line = LogLine(level: event.level, message: event.message.description, fields: fields)
    output.write(line.bytes(style, .current, limit: Self.maximumLineLength)) {
      Self.loss($0).bytes(style, .current, limit: Self.maximumLineLength)
    }
  }

  private static func loss(_ count: Int) -> LogLine {
    LogLine(
      level: .warning, message: "\(count) log lines were lost: the reader had stopped, or the disk was full",
      fields: ["pid": "\(getpid())"])
  }
}
