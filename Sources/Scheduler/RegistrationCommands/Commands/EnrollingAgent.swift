import Console
import OpenSSL
import SystemCalls

/// An agent that gets an enrolment code.
struct EnrollingAgent {
  /// The maximum number of agents in a file.
  static let maximum = 10_000
  private static let maximumBytes = 4 << 20

  let name: String
  /// Its further names and addresses.
  let names: [AlternativeName]

  /// Reads the agents in a file: a line for each, the name and, after blanks or commas, its further names. Lines with `#` are remarks.
  ///
  /// - Throws: `CommandError` for the first line that is wrong: nothing must be done for half of a file.
  static func all(in file: String) throws -> [EnrollingAgent] {
    let bytes = try SourceFile.read(file, limit: maximumBytes).bytes
    guard let text = bytes.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw CommandError(.data, "\(file): is not a text in UTF-8")
    }
    var agents: [EnrollingAgent] = []
    var lines: [String: Int] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let words = line.split { $0.isWhitespace || $0 == "," }.map(String.init)
      guard let name = words.first, !name.hasPrefix("#") else { continue }
      do throws(CommandError) {
        agents.append(
          EnrollingAgent(name: try Switches.agentName(name), names: try words.dropFirst().map(Switches.alternativeName))
        )
      } catch {
        throw CommandError(.data, "\(file): line \(index + 1): \(error)")
      }
      if let first = lines.updateValue(index + 1, forKey: name.lowercased()) {
        throw CommandError(.data, "\(file): line \(index + 1): \(name) is also in line \(first)")
      }
    }
    if agents.isEmpty { throw CommandError(.data, "\(file): names no agent; a line for each is needed") }
    if agents.count > maximum {
      throw CommandError(.data, "\(file): names \(agents.count) agents, and at most \(maximum) get codes at once")
    }
    return agents
  }
}
