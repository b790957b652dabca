import Values

/// Text in the Prometheus exposition format, version 0.0.4.
public struct Exposition: Sendable {
  /// The Content-Type of the format.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The type of a metric.
  public enum Kind: String, Sendable {
    /// Only grows; the metric's name ends in `_total`.
    case counter
    case gauge
    /// Counts observations up to each bound.
    case histogram
  }

  /// One sample line.
  public struct Sample: Sendable {
    let labels: [(name: String, value: String)]
    let value: String

    /// A whole number.
    public init(_ value: some BinaryInteger, _ labels: (name: String, value: String)...) {
      self.value = "\(value)"
      self.labels = labels
    }

    /// A number.
    public init(_ value: Double, _ labels: (name: String, value: String)...) {
      self.value = "\(value)"
      self.labels = labels
    }

    /// Seconds since the epoch.
    public init(_ moment: Timestamp, _ labels: (name: String, value: String)...) {
      value = "\(Double(moment.milliseconds) / 1000)"
      self.labels = labels
    }
  }

  /// The text so far.
  public private(set) var text = ""

  /// Creates an empty text.
  public init() {}

  /// Adds a histogram of seconds.
  ///
  /// - Parameters:
  ///   - counts: the number of observations up to each bound, and above the last one, each without those before.
  public mutating func add(_ name: String, _ help: String, bounds: [Double], counts: [UInt64], sum: Double) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(Kind.histogram.rawValue)\n"
    var count: UInt64 = 0
    let texts = bounds.map { $0 < 1 ? "\($0)" : "\(Int($0))" } + ["+Inf"]
    for (bound, more) in zip(texts, counts) {
      count += more
      text += "\(name)_bucket{le=\"\(bound)\"} \(count)\n"
    }
    text += "\(name)_sum \(sum)\n\(name)_count \(count)\n"
  }

  /// Adds a metric with all its samples; omits a metric without samples.
  public mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    if samples.isEmpty { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
      text += labels.isEmpty ? "\(name) \(sample.value)\n" : "\(name){\(labels)} \(sample.value)\n"
    }
  }

  /// Escapes the three characters that the format requires in a label value.
  private static func escaped(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
