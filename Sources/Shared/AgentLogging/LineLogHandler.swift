import Glibc
import Logging
import SystemCalls

/// Writes each log event as one line, with a single write(2) if there is room, so that lines from several processes do not mix.
///
/// A line never contains a control character: what a peer sends cannot start a second line or move the terminal's cursor.
public struct LineLogHandler: LogHandler {
  /// The maximum length of a line, in bytes; a longer line is cut and ends in `...`.
  public static let maximumLineLength = 8192

  private let output: LogOutput
  private let style: LineStyle

  /// The lowest level that is logged.
  public var logLevel: Logger.Level
  /// The metadata added to every event.
  public var metadata: Logger.Metadata = [:]
  /// The provider of further metadata, called for every event.
  public var metadataProvider: Logger.MetadataProvider?

  /// Creates a handler that logs to `descriptor`, which stays open as long as the handler or a copy of it exists.
  public init(to descriptor: FileDescriptor, style: LineStyle, level: Logger.Level = .info) {
    output = LogOutput(to: descriptor)
    self.style = style
    logLevel = level
  }

  /// Accesses one entry of `metadata`.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes the event. A line that cannot be written is dropped and counted; once there is room again, a line reports how many were
  /// dropped. Waits for a reader for at most 50 ms, and not on every call.
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
      fields: ["pid": .stringConvertible(getpid())])
  }
}
