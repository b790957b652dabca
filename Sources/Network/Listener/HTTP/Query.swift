import Wording

/// The parameters of a query, each given at most once and known to the operation.
struct Query {
  private let values: [String: String]

  init(_ parameters: [RequestTarget.Parameter], for operation: Operation) throws(RequestRefusal) {
    var values: [String: String] = [:]
    for parameter in parameters {
      guard operation.parameters.contains(parameter.name) else {
        let hint =
          nearestWord(to: parameter.name, among: operation.parameters).map { "; did you mean \"\($0)\"?" } ?? ""
        throw RequestRefusal(
          .badRequest, "unknown query parameter \(parameter.name.prefix(64).debugDescription)\(hint)")
      }
      guard values.updateValue(parameter.value, forKey: parameter.name) == nil else {
        throw RequestRefusal(.badRequest, "the query parameter \"\(parameter.name)\" is given twice")
      }
    }
    self.values = values
  }

  /// Returns the value unchanged; `nil` if absent.
  func text(_ name: String, atMost bytes: Int) throws(RequestRefusal) -> String? {
    guard let value = values[name] else { return nil }
    guard (1...bytes).contains(value.utf8.count) else { throw Self.fault(name, "1 to \(bytes) bytes") }
    return value
  }

  /// Returns a whole number in decimal digits; `nil` if absent.
  func number(_ name: String, _ range: ClosedRange<Int64>) throws(RequestRefusal) -> Int64? {
    guard let value = values[name] else { return nil }
    guard Self.isDecimal(value), let number = Int64(value), range.contains(number) else {
      throw Self.fault(name, "a whole number, \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Returns seconds, in JSON's number syntax; `nil` if absent.
  func seconds(_ name: String, atMost most: Double) throws(RequestRefusal) -> Double? {
    guard let value = values[name] else { return nil }
    // The names of infinity, and hexadecimal, are not accepted as numbers.
    guard value.utf8.count <= 64, value.utf8.first.map(Self.isDigit) ?? false,
      value.utf8.allSatisfy({ Self.isDigit($0) || "+-.eE".utf8.contains($0) }),
      let seconds = Double(value), (0...most).contains(seconds)
    else {
      throw Self.fault(name, "seconds, 0 to \(Int(most))")
    }
    return seconds
  }

  /// Returns `true` for `true`, `1` and the bare name, `false` for `false`, `0` and if absent.
  func flag(_ name: String) throws(RequestRefusal) -> Bool {
    switch values[name] {
    case nil, "false", "0": false
    case "", "true", "1": true
    default: throw Self.fault(name, "true or false")
    }
  }

  /// Returns a value that `parse` accepts; `nil` if absent.
  func value<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) throws(RequestRefusal) -> Value? {
    guard let text = values[name] else { return nil }
    guard let value = parse(text) else { throw Self.fault(name, expected) }
    return value
  }

  private static func isDecimal(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.count <= 19 && text.utf8.allSatisfy(isDigit)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func fault(_ name: String, _ expected: String) -> RequestRefusal {
    RequestRefusal(.badRequest, "the query parameter \"\(name)\" must be \(expected)")
  }
}
