import AgentProtocol
import Values

@testable import AgentConfiguration

/// Single words from clients, administrators and files: thumbprints, job ids, times.
let wordTargets = [
  FuzzTarget(
    "thumbprint", atMost: 256, words: [":", " ", "\u{200E}", "\u{FEFF}", "\u{A0}", "<thumbprint>"],
    seeds: { ["0a:1B:2c:3D:4e", " \u{200E}\(digits.prefix(40))", digits].map { Array($0.utf8) } }
  ) { input in
    let text = String(decoding: input, as: UTF8.self)
    if let thumbprint = Thumbprint(text) {
      promise(thumbprint.description.utf8.count == 64, "a thumbprint has 64 digits")
      promise(Thumbprint(thumbprint.description) == thumbprint, "a thumbprint is read as it was written")
    }
    do throws(ThumbprintError) {
      let query = try ThumbprintQuery(text)
      promise((8...64).contains(query.digits.utf8.count), "a query has 8 to 64 digits")
      promise(query.digits.utf8.allSatisfy(isLowerHex), "and nothing else")
      promise(try ThumbprintQuery(query.digits) == query, "a query is read as it was written")
    } catch {
      promise(!error.description.isEmpty, "a refusal has a reason")
    }
  },
  FuzzTarget(
    "identifiers", atMost: 256,
    words: [
      "..", "/", "+14:00", "-00:59", "Z", ".999999999", "-02-29", "99999", "DNS:", "email:", "URI:", "CN=", "+OU=",
      "#0c01", "\\2C",
    ],
    seeds: {
      [
        "nightly-2026.11_23", "2026-11-23T02:00:00.123Z", "1969-12-31T23:59:60+01:00", "\u{1}.a=b",
        "CN=a\\, b+O=#0c0161,DC=x",
        "email:A@Example.ORG", "DNS:*.example.org",
      ].map {
        Array($0.utf8)
      }
    }
  ) { input in
    let text = String(decoding: input, as: UTF8.self)
    if let id = JobID(text) {
      promise(Array(id.description.utf8) == input && input.count <= 128, "an id is what was given")
      promise(
        input.first != UInt8(ascii: ".") && !input.contains { $0 == 0 || $0 == UInt8(ascii: "/") },
        "an id is a file's name")
    }
    if let name = ClientName(text) {
      promise(ClientName(name.description) == name, "a name is read as it was written: \(name)")
    }
    if let subject = SubjectName(text) { promise(subject == SubjectName(text), "a subject is the same as itself") }
    if let moment = Timestamp(text) { checkRoundTrip(moment) }
    var reader = InputReader(input)
    checkRoundTrip(
      Timestamp(milliseconds: (0..<8).reduce(Int64(0)) { number, _ in number << 8 | Int64(reader.byte()) }))
  },
]

private let digits = String(repeating: "0123456789abcdef", count: 4)

func isLowerHex(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }

/// Years in RFC 3339 have four digits; a time outside them need only be printable.
private func checkRoundTrip(_ moment: Timestamp) {
  let text = moment.description
  guard (-62_167_219_200_000...253_402_300_799_999).contains(moment.milliseconds) else { return }
  promise(Timestamp(text) == moment, "a moment is read as it was written: \(moment.milliseconds) as \(text)")
}
