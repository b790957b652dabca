import Synchronization

/// How an event is written as a line.
public enum LogFormat: String, CaseIterable, Sendable {
  /// `TIME LEVEL MESSAGE KEY=VALUE ...`, for people.
  case text
  /// `time=TIME level=LEVEL msg=MESSAGE KEY=VALUE ...`.
  case logfmt
  /// An object with `time`, `level`, `message` and the event's fields.
  case json

  private static let number = Atomic(0)

  /// The format of all loggers in this process, global like `LoggingSystem.bootstrap`.
  public static var current: LogFormat {
    get { allCases[number.load(ordering: .relaxed)] }
    set { number.store(allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
  }
}
