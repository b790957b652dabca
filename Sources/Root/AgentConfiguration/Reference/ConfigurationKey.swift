/// The documentation of a key of agentd.toml. It determines what is printed, what the manual contains and which keys the reader accepts.
struct ConfigurationKey: Sendable {
  /// The form of the value.
  enum Form: Sendable {
    case path
    case number(ClosedRange<Int>)
    case flag
    case oneOf([String])
    case strings(String)
    /// A string, with a description of its form.
    case string(String)
    /// Any other form, with its description.
    case other(String)
  }

  /// When a change takes effect.
  enum Change: String, Sendable {
    /// At the next reload.
    case reload
    /// Only after a restart.
    case restart
  }

  let name: String
  let form: Form
  /// The value in TOML.
  let value: String
  /// Whether `value` is the default; otherwise it is an example.
  let isDefault: Bool
  let change: Change
  /// The purpose of the key: sentences in one line.
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

  /// The form of the value, and when a change takes effect.
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

/// A section of agentd.toml.
struct ConfigurationSection: Sendable {
  /// The header as written in the file, for example `[jobs]`.
  let header: String
  /// The text for the whole section, one line per paragraph.
  let text: [String]
  let keys: [ConfigurationKey]
  /// Whether the whole section is an example, including its header, because it contains names that the administrator chooses.
  var isExample = false

  /// The names of its keys.
  var names: [String] { keys.map(\.name) }
}
