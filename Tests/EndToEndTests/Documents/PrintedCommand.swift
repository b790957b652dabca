import SystemCalls
import TestSupport

/// A command line printed in a document, and the output shown below it.
struct PrintedCommand: Sendable, CustomStringConvertible {
  /// The name before the prompt; empty if there is none.
  let host: String
  /// All its lines, as typed.
  let text: String
  /// The output printed below, without trailing empty lines.
  let shown: [String]
  /// Its file and line.
  let place: String

  var description: String { "\(place): \(text)" }

  /// The command lines in the ```console blocks of a document, in order.
  static func all(in document: String) throws -> [PrintedCommand] {
    let path = "\(BuiltProduct.packageFolder)/\(document)"
    let lines = String(decoding: try DurableFile.read(path, limit: 1 << 20), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var commands: [PrintedCommand] = []
    var index = 0
    while index < lines.count {
      guard lines[index] == "```console" else {
        index += 1
        continue
      }
      let end = lines[(index + 1)...].firstIndex(of: "```") ?? lines.count
      commands += try block(Array(lines[(index + 1)..<end]), document, firstLine: index + 2)
      index = end + 1
    }
    return commands
  }

  private static func block(_ lines: [String], _ document: String, firstLine: Int) throws -> [PrintedCommand] {
    var commands: [PrintedCommand] = []
    var index = 0
    while index < lines.count {
      let place = "\(document):\(firstLine + index)"
      guard let prompt = lines[index].prefixMatch(of: #/([a-z][a-z0-9-]*)?[#$] /#) else {
        throw HarnessError("\(place): a console block begins with a prompt, not with: \(lines[index])")
      }
      var text = String(lines[index][prompt.range.upperBound...])
      index += 1
      // A heredoc, or lines that a backslash continues.
      if let word = text.firstMatch(of: #/<<'?([A-Z]+)'?/#)?.1 {
        let end = lines[index...].firstIndex(of: String(word)) ?? lines.count - 1
        text += "\n" + lines[index...end].joined(separator: "\n")
        index = end + 1
      }
      while text.hasSuffix("\\"), index < lines.count {
        text += "\n" + lines[index]
        index += 1
      }
      let next = lines[index...].firstIndex { $0.prefixMatch(of: #/([a-z][a-z0-9-]*)?[#$] /#) != nil } ?? lines.count
      commands.append(
        PrintedCommand(host: String(prompt.1 ?? ""), text: text, shown: Array(lines[index..<next]), place: place))
      index = next
    }
    return commands
  }

  /// The command without a trailing comment.
  var withoutRemark: String { text.replacing(#/ +# .*$/#, with: "") }
}
