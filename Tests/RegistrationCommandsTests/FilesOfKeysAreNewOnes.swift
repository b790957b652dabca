// Goal: a file with a private key is never one that somebody else has put there, whatever is in the folder; an existing file is not
// overwritten unless requested; and a file that cannot be written is reported before anybody types a password.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct FilesOfKeysAreNewOnes {
  private static let issue = "CREATE AGENT LISTENER CERT /AGENTNAME=A /NOPASSWORD /PEM /FILENAME=shared/a.pem"

  /// Files planted by another user, including links, under the name that a writer with a known process ID would have used.
  @Test func nothingPlantedIsWrittenThrough() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let shared = scheduler.folder.path("shared")
    try Folder.make(shared, mode: 0o777)
    let program = try BuiltProduct.path("scheduler-register")
    let result = try await TestProcess(
      ["/bin/sh", "-c", "touch victim; ln -s ../victim shared/.a.pem.$$.new; exec \(program) \"$0\"", Self.issue],
      environment: ["PATH": "/usr/bin:/bin", "AGENTD_SCHEDULER_HOME": scheduler.folder.path("home")],
      directory: scheduler.folder.path
    ).end()
    #expect(result.end == .exited(0), "\(result.errorText)")
    #expect(try scheduler.folder.read("victim").isEmpty)
    #expect(try scheduler.folder.read("shared/a.pem").contains("PRIVATE KEY"))
    #expect(try Folder.names(in: shared).count == 2, "nothing else is left")
    var status = stat()
    #expect(lstat("\(shared)/a.pem", &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o600 && status.st_uid == geteuid() && status.st_nlink == 1)
    #expect(status.st_mode & S_IFMT == S_IFREG)
  }

  static let writers = [
    issue, "EXPORT ROOT CA /PASSWORDFILE=password /FILENAME=shared/a.pem",
    "EXPORT ROOT CA /NOKEY /FILENAME=shared/a.pem",
    "EXPORT EXEC CERT /PASSWORDFILE=password /FILENAME=shared/a.pem", "EXPORT CRL /FILENAME=shared/a.pem",
    "SIGN REQUEST /FILENAME=request.pem /AGENTNAME=A /OUT=shared/a.pem",
  ]

  @Test(arguments: writers) func whatIsThereStays(_ command: String) async throws {
    let scheduler = try await ScratchScheduler.ready()
    try Folder.make(scheduler.folder.path("shared"), mode: 0o777)
    _ = try await run(
      "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=A",
      "-keyout", "request.key", "-out", "request.pem", directory: scheduler.folder.path)
    let before = try scheduler.image()
    let file = try scheduler.folder.write("shared/a.pem", "precious\n", mode: 0o644)
    for plant in ["a file", "a link that leads nowhere"] {
      let result = try await scheduler.register(command)
      #expect(result.end == .exited(73), "\(plant): \(result.outputText)")
      #expect(
        result.errorText.hasSuffix("shared/a.pem: already exists; /REPLACE overwrites it, or name another file\n"))
      #expect(try scheduler.image() == before)
      #expect(try Folder.names(in: scheduler.folder.path("shared")) == ["a.pem"])
      if plant == "a file" { #expect(try scheduler.folder.read("shared/a.pem") == "precious\n") }
      unlink(file)
      symlink("nowhere", file)
    }
    try await scheduler.succeed("\(command) /REPLACE")
    #expect(try scheduler.folder.read("shared/a.pem").utf8.count > 100)
    #expect(access(scheduler.folder.path("shared/nowhere"), F_OK) != 0)
  }

  @Test func aListTakesThePlaceOfAnEarlierOne() async throws {
    let scheduler = try await ScratchScheduler.ready()
    for _ in 0..<2 { try await scheduler.succeed("EXPORT CRL /FILENAME=crl.pem") }
  }

  @Test(arguments: [
    "CREATE AGENT LISTENER CERT /AGENTNAME=A /PEM", "EXPORT ROOT CA", "EXPORT EXEC CERT",
  ]) func whereNothingCanBeWrittenNobodyIsAsked(_ command: String) async throws {
    let scheduler = try await ScratchScheduler.ready()
    // Without a terminal, the prompt itself would be another error.
    let result = try await scheduler.register("\(command) /PROMPT /FILENAME=no/such/a.pem")
    #expect(result.end == .exited(73))
    #expect(
      result.errorText.hasSuffix(
        "no/such/a.pem: No such file or directory: nothing can be written to the folder no/such\n"))
  }
}
