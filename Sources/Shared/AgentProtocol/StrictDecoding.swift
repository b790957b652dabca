import Values
import Wording

extension Decoder {
  /// Throws if the object has a key that is not in `Keys`: a misspelt key must not be ignored silently.
  func refuseUnknownKeys<Keys: CodingKey & CaseIterable>(_: Keys.Type) throws {
    let known = Keys.allCases.map(\.stringValue)
    for key in try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    where !known.containsSame(as: key) {
      let hint = nearestWord(to: key, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      throw DecodingError.dataCorrupted(
        .init(codingPath: codingPath, debugDescription: "unknown key \(key.prefix(64).debugDescription)\(hint)"))
    }
  }
}

extension DecodingError {
  /// One line for the author of the JSON: where the error is, and what is wrong.
  public var explanation: String {
    switch self {
    case .keyNotFound(let key, let context):
      "\(Self.place(context.codingPath))the key \"\(key.stringValue)\" is missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "\(Self.place(context.codingPath))expected \(Self.jsonName(of: type))"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty && context.debugDescription.begins(with: "The given data was not valid JSON")
        ? "the body is not valid JSON" : "\(Self.place(context.codingPath))\(context.debugDescription)"
    @unknown default: "the body cannot be read"
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    let joined = path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
    return joined.isEmpty ? "" : "\(joined.drop { $0 == "." }): "
  }

  private static func jsonName(of type: Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Int.Type, is Int64.Type, is Int32.Type: "a whole number"
    case is Double.Type: "a number"
    case is Bool.Type: "true or false"
    case is [Any].Type: "an array"
    default:
      "\(type)".begins(with: "Dictionary")
        ? "an object" : "\(type)".begins(with: "Array") ? "an array" : "another value"
    }
  }
}
