// Goal: what is exported here is read by OpenSSL and NSS, and by another scheduler, with the right password and no other; what they
// write is read here.
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct FilesOpenElsewhere {
  @Test func rootAndConnectorMoveToAStandby() async throws {
    let first = try await ScratchScheduler.ready()
    let second = try ScratchScheduler()
    let exported = try await first.succeed("EXPORT ROOT CA /FILENAME=root.pfx /PASSWORDFILE=password")
    try await first.succeed("EXPORT EXEC CERT /FILENAME=exec.pfx /PASSWORDFILE=password")
    for (command, file) in [("IMPORT ROOT CA /STOREKEY", "root.pfx"), ("IMPORT EXEC CERT", "exec.pfx")] {
      let path = first.folder.path(file)
      try second.folder.write("wrong", "wrong horse\n", mode: 0o600)
      let refused = try await second.register("\(command) /MAKEDEFAULT /FILENAME=\(path) /PASSWORDFILE=wrong")
      #expect(refused.end == .exited(65))
      #expect(refused.errorText.contains("\(file): wrong password"), "\(refused.errorText)")
      try await second.succeed("\(command) /MAKEDEFAULT /FILENAME=\(path) /PASSWORDFILE=password")
    }
    let configuration = try await first.succeed("LIST EXEC CONFIG")
    #expect(try await second.succeed("LIST EXEC CONFIG") == configuration)
    #expect(
      exported.thumbprint(after: "thumbprint") == configuration.thumbprint(after: "Default Root CA Thumbprint"))

    // Both issue, and what one has issued is worth the same as what the other has.
    for scheduler in [first, second] {
      try await scheduler.succeed(
        "CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=a.pem /PASSWORDFILE=password /PEM /CHAIN")
      try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
      let verified = try await run(
        "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", second.folder.path("root.pem"),
        scheduler.folder.path("a.pem"))
      if scheduler === second { #expect(verified.end == .exited(0), "\(verified.errorText)") }
    }
  }

  @Test func othersReadThem() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await scheduler.succeed("EXPORT EXEC CERT /FILENAME=exec.pfx /PASSWORDFILE=password")
    let file = scheduler.folder.path("exec.pfx")
    let opened = try await run("openssl", "pkcs12", "-in", file, "-nodes", "-passin", "pass:correct horse")
    #expect(opened.end == .exited(0), "\(opened.errorText)")
    #expect(opened.outputText.components(of: "BEGIN CERTIFICATE") == 2)
    #expect(opened.outputText.components(of: "BEGIN PRIVATE KEY") == 1)
    #expect(try await run("openssl", "pkcs12", "-in", file, "-nodes", "-passin", "pass:x").end != .exited(0))

    let database = "sql:\(try PKI.shared.scratchFolder())"
    _ = try await run("certutil", "-N", "-d", database, "--empty-password")
    let nss = try await run("pk12util", "-i", file, "-d", database, "-W", "correct horse", "-K", "")
    #expect(nss.end == .exited(0), "\(nss.errorText)")
    #expect(try await run("certutil", "-K", "-d", database).outputText.contains("ec"))
  }

  @Test func theirsAreReadHere() async throws {
    let root = try PKI.shared.root("Other Scheduler Root CA")
    let scheduler = try ScratchScheduler()
    let file = scheduler.folder.path("other.pfx")
    try PKI.shared.openssl(
      "pkcs12", "-export", "-in", root.certificatePath, "-inkey", root.keyPath, "-out", file, "-passout",
      "pass:correct horse")
    let answer = try await scheduler.succeed(
      "IMPORT ROOT CA /FILENAME=other.pfx /PASSWORDFILE=password /STOREKEY /MAKEDEFAULT")
    #expect(answer.contains("CN=Other Scheduler Root CA"))
    try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT")
  }

  @Test func filesWithKeysAreTheOwnersAlone() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await scheduler.succeed("EXPORT ROOT CA /FILENAME=root.pfx /PASSWORDFILE=password")
    try await scheduler.succeed("CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=a.pem /NOPASSWORD /PEM")
    for name in ["root.pfx", "a.pem", "home/registry.json"] {
      let status = try FileDescriptor.open(scheduler.folder.path(name), 0).status(name)
      #expect(status.st_mode & 0o7777 == 0o600, "\(name)")
    }
  }
}

extension String {
  func components(of part: String) -> Int { ranges(of: part).count }
}
