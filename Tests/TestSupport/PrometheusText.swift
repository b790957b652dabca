/// A page of metrics in Prometheus's text format, parsed as strictly as its documentation and `promtool check metrics` require.
public struct PrometheusText: Sendable {
  /// An error in a page.
  public struct Fault: Error, CustomStringConvertible {
    /// The error and the line.
    public let description: String
  }

  /// Every series with its value, as written: `name` or `name{label="value",...}`.
  public private(set) var values: [String: Double] = [:]
  /// The type of each metric, such as `counter` or `gauge`.
  public private(set) var kinds: [String: String] = [:]

  /// Parses a page.
  public init(_ text: String) throws {
    guard text.hasSuffix("\n"), !text.contains("\n\n") else { throw Fault(description: "an empty line, or no end") }
    var (helped, current) = ("", "")
    for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
      func fault(_ what: String) -> Fault { Fault(description: "\(what): \(line)") }
      if let match = line.wholeMatch(of: /# HELP ([a-z][a-z0-9_]*) (\S.*\S)/) {
        helped = String(match.1)
        guard kinds[helped] == nil else { throw fault("a metric in two places") }
      } else if let match = line.wholeMatch(of: /# TYPE ([a-z][a-z0-9_]*) (counter|gauge|histogram)/) {
        current = String(match.1)
        guard current == helped else { throw fault("a type without its help") }
        guard (match.2 == "counter") == current.hasSuffix("_total") else { throw fault("_total is for counters") }
        kinds[current] = String(match.2)
      } else {
        try add(line, of: current)
      }
    }
    if let empty = kinds.keys.first(where: { kind in !values.keys.contains { name($0) == kind } }) {
      throw Fault(description: "no sample of \(empty)")
    }
  }

  private mutating func add(_ line: Substring, of metric: String) throws {
    func fault(_ what: String) -> Fault { Fault(description: "\(what): \(line)") }
    guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else {
      throw fault("no sample")
    }
    let series = line[..<blank]
    guard name(series) == metric else { throw fault("a sample of another metric than \(metric)") }
    var rest = series.drop { $0 != "{" }
    if !rest.isEmpty {
      // In a value, only backslash, quote and newline are escaped.
      let label = /[a-z][a-z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"/
      guard rest.popFirst() == "{", rest.popLast() == "}" else { throw fault("labels without braces") }
      var names: Set<Substring> = []
      while let match = rest.prefixMatch(of: label) {
        guard names.insert(match.0.prefix { $0 != "=" }).inserted else { throw fault("a label twice") }
        rest = rest[match.range.upperBound...]
        guard rest.isEmpty || rest.popFirst() == ",", rest != "" || line[..<blank].hasSuffix("\"}") else { break }
      }
      guard rest.isEmpty, !names.isEmpty else { throw fault("labels that cannot be read") }
    }
    guard kinds[metric] != "counter" || (value >= 0 && value.isFinite) else { throw fault("no count") }
    guard values.updateValue(value, forKey: String(series)) == nil else { throw fault("a series twice") }
  }

  /// Returns the metric of a series: for a histogram, that of its buckets, sum and count.
  private func name(_ series: some StringProtocol) -> String {
    let name = String(series.prefix { $0 != "{" })
    guard let part = ["_bucket", "_sum", "_count"].first(where: name.hasSuffix) else { return name }
    let metric = String(name.dropLast(part.count))
    return kinds[metric] == "histogram" ? metric : name
  }
}
