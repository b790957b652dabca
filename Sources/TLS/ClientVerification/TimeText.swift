import Wording

/// Text for times in messages.
public enum TimeText {
  /// Returns `3 days`, `1 hour`: the largest unit of which there is at least one.
  public static func span(_ seconds: Int64) -> String {
    let units: [(length: Int64, name: String)] = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    let unit = units.first { seconds >= $0.length } ?? (1, "second")
    return counted(seconds / unit.length, unit.name)
  }
}
