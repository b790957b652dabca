// Goal: a document is read here as by Python's tomllib; what tomllib refuses is refused here, and nothing else except what is refused on
// purpose.
import TestSupport
import Testing

@testable import TOML

@Suite struct PythonReadsTheSame {
  @Test func everyDocumentOfTheTable() async throws { try await compare(documents.map { Array($0.utf8) }) }

  /// Pieces of the documents, combined at random: most are not TOML, with errors in all kinds of places.
  @Test func documentsThatAreNearlyThose() async throws {
    var chance = Chance(seed: 20_261_127)
    try await compare((0..<6000).map { _ in chance.document() })
  }

  private func compare(_ documents: [[UInt8]]) async throws {
    let folder = try TemporaryFolder()
    let lines = documents.map { hex($0) + "\n" }.joined()
    let python = try TestProcess(["python3", "-c", judge, try folder.write("documents", lines)])
    let result = try await python.end()
    #expect(result.end == .exited(0), "\(result.errorText)")
    let judged = result.outputText.split(separator: "\n")
    try #require(judged.count == documents.count)
    #expect(Set(judged).count > 100, "documents of many kinds are read")
    for (document, theirs) in zip(documents, judged) {
      let ours = (try? TOMLTable(document: document)).map { description(of: .table($0)) } ?? "refused"
      #expect(ours == theirs, "\(String(decoding: document, as: UTF8.self).debugDescription)")
    }
  }
}

/// Returns a value in a form on which two languages can agree.
private func description(of value: TOMLValue) -> String {
  switch value {
  case .string(let text): "s" + hex(Array(text.utf8))
  case .integer(let number): "i\(number)"
  case .float(let number): number.isNaN ? "nan" : "f\(number.bitPattern)"
  case .boolean(let flag): "b\(flag)"
  case .array(let elements): "[" + elements.map(description).joined(separator: ",") + "]"
  case .table(let table):
    "{" + table.keys.map { hex(Array($0.utf8)) + ":" + description(of: table[$0]!) }.sorted().joined(separator: ",")
      + "}"
  }
}

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private let judge = """
  import struct, sys, tomllib
  def described(value, level=0):
      if isinstance(value, bool): return "btrue" if value else "bfalse"
      if isinstance(value, int) and -2**63 <= value < 2**63: return f"i{value}"
      if isinstance(value, float):
          return "nan" if value != value else f"f{struct.unpack('>Q', struct.pack('>d', value))[0]}"
      if isinstance(value, str) and "\\0" not in value: return "s" + value.encode().hex()
      if level > \(TOMLTable.mostLevels): raise ValueError("deep")
      if isinstance(value, list): return "[" + ",".join(described(one, level + 1) for one in value) + "]"
      if isinstance(value, dict):
          pairs = sorted(described(key)[1:] + ":" + described(one, level + 1) for key, one in value.items())
          return "{" + ",".join(pairs) + "}"
      raise ValueError("refused on purpose")
  for line in open(sys.argv[1]):
      try: print(described(tomllib.loads(bytes.fromhex(line).decode("utf-8-sig"))))
      except (ValueError, RecursionError): print("refused")
  """

/// Random documents, the same in each run.
private struct Chance: RandomNumberGenerator {
  private var numbers: RepeatableRandom

  init(seed: UInt64) { numbers = RepeatableRandom(seed: seed) }

  mutating func next() -> UInt64 { numbers.next() }

  mutating func document() -> [UInt8] {
    var bytes = Array(documents.randomElement(using: &self)!.utf8.prefix(400))
    for _ in 0...Int.random(in: 0...2, using: &self) {
      let place = Int.random(in: 0...bytes.count, using: &self)
      let end = min(bytes.count, place + Int.random(in: 0...3, using: &self))
      let other = Array(documents.randomElement(using: &self)!.utf8.prefix(400))
      switch Int.random(in: 0...3, using: &self) {
      case 0: bytes.removeSubrange(place..<end)
      case 1: bytes.insert(contentsOf: signs.randomElement(using: &self)!.utf8, at: place)
      case 2: bytes.replaceSubrange(place..., with: other[min(place, other.count)...])
      default: bytes += other
      }
    }
    return bytes
  }

  private let signs = [
    "\n", "\r\n", "\r", " ", "\t", "#", "=", ".", ",", "\"", "'", "\"\"\"", "'''", "[", "]", "[[", "]]", "{", "}", "\\",
    "\\u00e9",
    "\\U0001F600", "\\uD800", "\u{e9}", "\u{0}", "\u{7f}", "\u{85}", "a", "a.b", "0", "_", "-", "+", "e", "0x",
    "1979-05-27",
    "true", "inf", "[a]\n", "[[a]]\n", "a = 1\n", "a.b = 1\n", "a = {b = 1}\n",
  ]
}
