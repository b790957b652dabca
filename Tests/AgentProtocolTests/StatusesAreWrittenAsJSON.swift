import AgentProtocol
import FoundationEssentials
import Testing
import Values

/// What the supervisor writes by hand is what Foundation's encoder writes.
struct StatusesAreWrittenAsJSON {
  private static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static let accepted = JobStatus(
    accepted: JobID("nightly-1")!, command: [], user: "u",
    client: ClientIdentity(subject: "", thumbprint: Thumbprint(canonical: String(repeating: "ab", count: 32))!),
    at: Timestamp(milliseconds: 0), labels: [:])

  private static let ended: JobStatus = {
    var status = JobStatus(
      accepted: JobID("a.b_c-1")!, command: ["/bin/sh", "-c", "echo \"$1\" \\ 'ü' \u{1F600}", ""], user: "batch",
      client: ClientIdentity(
        subject: "CN=a\\,b,O=\"x\"", thumbprint: Thumbprint(canonical: String(repeating: "0f", count: 32))!),
      at: Timestamp(milliseconds: 1_763_900_000_123), labels: ["z": "1", "a/b": "\n", "Z": "ü", "": ""])
    status.state = .timedOut
    status.exitCode = -1
    status.signal = "SIGKILL"
    status.reason = "why\u{7f}\u{2028}"
    status.startedAt = Timestamp(milliseconds: -1)
    status.finishedAt = Timestamp(milliseconds: 1_763_900_000_999)
    status.cpuSeconds = 0.1
    status.peakMemoryBytes = .max
    status.outputBytes = .min
    status.stderrBytes = 12
    status.outputBytesDropped = 0
    status.diskWasFull = false
    status.killed = 3
    status.left = 1
    status.pool = "p"
    return status
  }()

  @Test(arguments: [accepted, ended]) func theWholeStatus(_ status: JobStatus) throws {
    #expect(status.json == (try Self.encoded(status)))
  }

  @Test(arguments: [0, 1, 0.5, 1e-7, 123_456.789, 1e15, 1e16, 1e22, -0.25]) func numbers(_ number: Double) throws {
    var status = Self.accepted
    status.cpuSeconds = number
    #expect(status.json == (try Self.encoded(status)))
  }

  @Test func everyCharacterOfASCII() throws {
    for byte in UInt8(0)...0x7f {
      var status = Self.accepted
      status.reason = "a" + String(UnicodeScalar(byte)) + "b"
      #expect(status.json == (try Self.encoded(status)), "\(byte)")
    }
  }

  @Test func pages() throws {
    var jobs = JSONWriter()
    for status in [Self.accepted, Self.ended] {
      jobs.separate()
      jobs.verbatim(status.json.utf8)
    }
    for cursor in [nil, "x.1"] {
      let document = JobPageDocument(jobs: jobs, count: 2, cursor: cursor)
      #expect(document.json == (try Self.encoded(JobPage(jobs: [Self.accepted, Self.ended], cursor: cursor))))
    }
    #expect(
      JobPageDocument(jobs: JSONWriter(), count: 0, cursor: nil).json
        == (try Self.encoded(JobPage(jobs: [], cursor: nil))))
  }
}
