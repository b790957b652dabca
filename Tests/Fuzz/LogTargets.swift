import Logging

@testable import AgentLogging

/// Text that peers make agentd write to its log.
let logTargets = [
  FuzzTarget(
    "log-line", atMost: 16384,
    words: ["\n", "\r", "\u{1B}[2J", "\u{202E}", "\u{2028}", "\u{85}", "\"", "\\", " a=b", "\u{1F468}\u{200D}"],
    seeds: { [Array("\u{20}client CN=\"x\" y\n\u{1B}[31m".utf8), Array(repeating: 0xC3, count: 9000)] }
  ) { input in
    var reader = InputReader(input)
    let (limit, split) = (64 + reader.word() % 8129, reader.byte())
    let (first, second) = (
      String(decoding: reader.bytes(split), as: UTF8.self), String(decoding: reader.remainder(), as: UTF8.self)
    )
    var fields: Logger.Metadata = ["peer": .string(first)]
    fields[first] = .string(second)
    let line = LogLine(level: .info, message: second, fields: fields)
    for style in [LineStyle.timed, .journal] {
      let bytes = line.bytes(style, limit: limit)
      promise(bytes.count <= limit, "a line has at most \(limit) bytes, this one \(bytes.count)")
      promise(bytes.firstIndex(of: 0x0A) == bytes.count - 1, "a line has one end, at its end")
      guard let text = String(validating: bytes.dropLast(), as: UTF8.self) else { fatalError("a line is UTF-8") }
      promise(!text.unicodeScalars.contains(where: isInvisible), "a line is printable: \(text.debugDescription)")
    }
  }
]

private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
  [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
}
