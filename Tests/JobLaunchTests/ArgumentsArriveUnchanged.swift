import AgentProtocol
import Testing

/// Goal: there is no shell or quoting between the client and the program (CVE-2013-1362 and CVE-2014-2913 of NRPE).
struct ArgumentsArriveUnchanged {
  static let arguments = [
    "", " ", "$(touch /tmp/x)", "`id`", "a\nb", "\n", "; reboot", "&& false", "| cat", "> /etc/passwd", "'", "\"", "\\",
    "*", "?", "[a-z]", "~", "~root", "$HOME", "${PATH}", "#", "!", "-rf", "--", "\r\n", "\t", "\u{1}\u{7f}",
    "ä–\u{1F600}",
    "%s%n", "@file", String(repeating: "x", count: 60_000),
  ]

  @Test func asArguments() async throws {
    let bench = try JobBench()
    let (outcome, output) = try await bench.run(JobRequest(command: ["printf", "%s\\0"] + Self.arguments))
    #expect(outcome.state == .succeeded)
    #expect(
      output.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init) == Self.arguments)
  }

  @Test func asEnvironment() async throws {
    let bench = try JobBench()
    var request = JobRequest(command: ["env", "-0"])
    for (number, value) in Self.arguments.enumerated() { request.environment["V\(number)"] = value }
    let output = try await bench.run(request).output
    let variables = Set(output.split(separator: "\0").map(String.init))
    for (number, value) in Self.arguments.enumerated() { #expect(variables.contains("V\(number)=\(value)")) }
  }

  @Test func asInput() async throws {
    let bench = try JobBench()
    var request = JobRequest(command: ["cat"])
    request.stdin = Self.arguments.joined(separator: "\0")
    #expect(try await bench.run(request).output == request.stdin)
  }

  /// Refused by the kernel, an error that agentd must not hide.
  @Test func tooLongForTheKernel() async throws {
    let bench = try JobBench()
    let request = JobRequest(command: ["/bin/echo", String(repeating: "x", count: 131_072)])
    let outcome = try await bench.run(request).outcome
    #expect(outcome.reason == "cannot execute /bin/echo: Argument list too long")
  }
}
