import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import JobLaunch

/// Goal: a file without `#!` runs as it does from cron or ssh; what is not a script is not fed to a shell, and the reason says what it is.
struct FilesThatAreNoPrograms {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var contents: [UInt8]
    var reason: String

    init(_ name: String, _ contents: [UInt8], _ reason: String) {
      (testDescription, self.contents, self.reason) = (name, contents, reason)
    }

    init(_ name: String, _ contents: String, _ reason: String) { self.init(name, Array(contents.utf8), reason) }
  }

  /// The header of a program for `machine`, as elf(5) describes it.
  private static func elf(_ machine: UInt8) -> [UInt8] {
    [0x7f] + Array("ELF".utf8) + [2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [2, 0, machine, 0, 1, 0, 0, 0]
      + [UInt8](repeating: 0, count: 40)
  }

  #if arch(arm64)
    private static let foreign = elf(62), foreignName = "x86-64"
  #else
    private static let foreign = elf(183), foreignName = "AArch64"
  #endif

  static let cases = [
    Case("another architecture", foreign, "it is a program for another architecture (\(foreignName))"),
    Case("a machine without a name", elf(251), "it is a program for another architecture (machine 251 of elf(5))"),
    Case(
      "a Windows program", Array("MZ".utf8) + [0x90, 0, 3, 0, 0, 0], "it is neither a program for Linux nor a script"),
    Case("a Python cache", [0xcb, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0], "it is neither a program for Linux nor a script"),
    Case("UTF-16", [0xff, 0xfe] + Array("#\0!\0".utf8), "it is text in UTF-16; save it as UTF-8"),
    Case("UTF-16, the other order", [0xfe, 0xff] + Array("\0#\0!".utf8), "it is text in UTF-16; save it as UTF-8"),
    Case(
      "a byte order mark", "\u{feff}#!/bin/bash\necho x\n",
      "it begins with a byte order mark, not with #!; save it as UTF-8 without one"),
    Case("no interpreter", "#!\necho x\n", "its first line names no interpreter that this host can execute"),
    Case(
      "an interpreter that does not exist", "#!/no/such\n", "the interpreter that its first line names does not exist"),
    Case(
      "CR LF", "#!/bin/sh\r\necho x\r\n",
      "its lines end in CR LF, and so does the name of its interpreter; convert them to LF"),
  ]

  @Test(arguments: cases) func areRefused(_ file: Case) async throws {
    let bench = try JobBench()
    let path = try bench.home.write("file", file.contents, mode: 0o755)
    let (outcome, output) = try await bench.run(JobRequest(command: [path]))
    #expect(outcome.state == .couldNotStart)
    #expect(outcome.reason == "cannot execute \(path): \(file.reason)")
    #expect(output == "")
    let next = try bench.start("next", .shell("echo well"))
    #expect(try await bench.end(of: next).state == .succeeded)
    #expect(try bench.output(of: next) == "well\n")
  }

  @Test(arguments: [
    ("echo $0 $# \"$1\" -- \"$2\"\n", "PATH 2 a b -- *\n"), ("# a comment\nexit 3\n", ""), ("", ""),
    ("\necho second line\n", "second line\n"),
  ])
  func aTextRunsInTheShell(_ text: String, _ expected: String) async throws {
    let bench = try JobBench()
    let path = try bench.home.write("-text", text, mode: 0o755)
    let (outcome, output) = try await bench.run(JobRequest(command: [path, "a b", "*"]))
    #expect(output == expected.replacing("PATH", with: path))
    #expect(outcome.exitCode == (text.contains("exit 3") ? 3 : 0), "\(outcome)")
  }

  /// In the job's PATH too, where a file of that name that may not be executed does not hide it.
  @Test func alsoByItsName() async throws {
    let bench = try JobBench()
    try Folder.make(bench.home.path("first"), mode: 0o755)
    try Folder.make(bench.home.path("second"), mode: 0o755)
    try bench.home.write("first/prog", "echo wrong\n", mode: 0o644)
    try bench.home.write("second/prog", "echo right\n", mode: 0o755)
    var request = JobRequest(command: ["prog"])
    request.environment = ["PATH": "\(bench.home.path("first")):\(bench.home.path("second"))"]
    #expect(try await bench.run(request).output == "right\n")
  }

  @Test(.enabled(if: geteuid() == 0, "root may read everything")) func oneThatItsUserMayNotRead() async throws {
    let bench = try JobBench()
    let path = try bench.home.write("secret", "echo x\n", mode: 0o711)
    chmod(bench.home.path, 0o711)
    let outcome = try await bench.run(JobRequest(command: [path]), as: "nobody").outcome
    #expect(
      outcome.reason == "cannot execute \(path): it is not a program, and the user may not read it as a script")
  }
}
