/// A key of agentd.toml as it is documented. What is printed, what stands in the manual and which keys the reader knows
/// all come from here.
struct ConfigurationKey: Sendable {
  /// What its value may be.
  enum Form: Sendable {
    case path
    case number(ClosedRange<Int>)
    case flag
    case oneOf([String])
    case strings(String)
    /// A string of the form that is described.
    case string(String)
    /// Any other, described.
    case other(String)
  }

  /// When a change is in force.
  enum Change: String, Sendable {
    /// With the next reload.
    case reload
    /// Only with the next start.
    case restart
  }

  let name: String
  let form: Form
  /// The value as TOML.
  let value: String
  /// Whether `value` is the default; else it is an example.
  let isDefault: Bool
  let change: Change
  /// What it is for: sentences in one line.
  let text: String

  init(
    _ name: String, _ form: Form, default value: String, _ text: String, change: Change = .reload
  ) {
    (self.name, self.form, self.value, self.change, self.text) = (name, form, value, change, text)
    isDefault = true
  }

  init(
    _ name: String, _ form: Form, example value: String, _ text: String, change: Change = .reload
  ) {
    (self.name, self.form, self.value, self.change, self.text) = (name, form, value, change, text)
    isDefault = false
  }

  /// What the value may be, and when a change is in force.
  var facts: String { "\(form); \(change.rawValue)" }
}

extension ConfigurationKey.Form: CustomStringConvertible {
  var description: String {
    switch self {
    case .path: "path"
    case .number(let range) where range.upperBound == Int.max: "whole number, \(range.lowerBound) or more"
    case .number(let range): "whole number, \(range.lowerBound) to \(range.upperBound)"
    case .flag: "true or false"
    case .oneOf(let words): "one of \(words.joined(separator: ", "))"
    case .strings(let what): "array of strings, \(what)"
    case .string(let what): "string, \(what)"
    case .other(let what): what
    }
  }
}

/// A table of agentd.toml.
struct ConfigurationSection: Sendable {
  /// How its header is written: `[jobs]`.
  let header: String
  /// What is to be said of all its keys: sentences, in one line each paragraph.
  let text: [String]
  let keys: [ConfigurationKey]
  /// Whether it is there only as an example, header and all, because it names something of the administrator's.
  var isExample = false

  /// The names of its keys.
  var names: [String] { keys.map(\.name) }
}
