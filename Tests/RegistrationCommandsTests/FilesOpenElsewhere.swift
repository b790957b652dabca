// Goal: files exported here can be read by OpenSSL, NSS and another scheduler, with the correct password and no other; their files can be
// read here.
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

    // Both issue certificates, which are equally valid.
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

  @Test func connectorInOneFileForOthers() async throws {
    let scheduler = try await ScratchScheduler.ready()
    // A name that must be quoted for curl.
    try await scheduler.succeed(
      #"EXPORT EXEC CERT /PEM /NOPASSWORD /FILENAME="our connector\.pem" /CURL=connector.curl"#)
    try await scheduler.succeed("EXPORT EXEC CERT /PEM /PASSWORDFILE=password /FILENAME=locked.pem")
    try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    let file = scheduler.folder.path(#"our connector\.pem"#)
    let verified = try await run(
      "openssl", "verify", "-purpose", "sslclient", "-CAfile", scheduler.folder.path("root.pem"), file)
    #expect(verified.end == .exited(0), "\(verified.errorText)")
    #expect(try await run("openssl", "pkey", "-in", file, "-noout").end == .exited(0))
    let locked = scheduler.folder.path("locked.pem")
    #expect(try await run("openssl", "pkey", "-in", locked, "-noout", "-passin", "pass:x").end != .exited(0))
    #expect(
      try await run("openssl", "pkey", "-in", locked, "-noout", "-passin", "pass:correct horse").end == .exited(0))

    // A server that requires a client certificate of our root, and has one itself.
    let port = try FreePort.next()
    try await scheduler.succeed(
      "CREATE AGENT LISTENER CERT /AGENTNAME=localhost /FILENAME=server.pem /NOPASSWORD /PEM")
    let server = try TestProcess(
      [
        "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-cert", "server.pem", "-CAfile", "root.pem", "-Verify",
        "1",
        "-verify_return_error", "-www",
      ], directory: scheduler.folder.path, input: nil)
    try await wait(for: "the server") { server.outputText.contains("ACCEPT") }
    let curl = try await run(
      "curl", "-K", scheduler.folder.path("connector.curl"), "--noproxy", "*", "https://localhost:\(port)/",
      directory: "/")
    #expect(curl.end == .exited(0) && curl.outputText.contains("Executor Connector"), "\(curl.errorText)")
    let stranger = try await run(
      "curl", "--noproxy", "*", "--cacert", scheduler.folder.path("root.pem"), "https://localhost:\(port)/")
    #expect(stranger.end != .exited(0))
  }

  @Test func noConnectorForOthersWithoutItsRoot() async throws {
    let (first, second) = (try await ScratchScheduler.ready(), try ScratchScheduler())
    // Its own EXPORT EXEC CERT writes the root, too.
    try await first.succeed("EXPORT EXEC CERT /PEM /FILENAME=exec.pem /NOPASSWORD")
    let blocks = String(decoding: try DurableFile.read(first.folder.path("exec.pem"), limit: 65536), as: UTF8.self)
      .matches(of: #/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n/#).map { String($0.0) }
    try second.folder.write("alone.pem", blocks[0] + blocks[1], mode: 0o600)
    let imported = try await second.register("IMPORT EXEC CERT /MAKEDEFAULT /FILENAME=alone.pem")
    #expect(imported.errorText.contains("is not here: import that with IMPORT ROOT CA"), "\(imported.errorText)")
    let refused = try await second.register("EXPORT EXEC CERT /PEM /NOPASSWORD /FILENAME=c.pem /CURL=c.curl")
    #expect(refused.end == .exited(78) && refused.errorText.contains("IMPORT ROOT CA"), "\(refused.errorText)")
    #expect(try Folder.names(in: second.folder.path).sorted() == ["alone.pem", "home", "password"])
    // With the root in the file, its agents are trusted, and nothing can be issued.
    let whole = try await second.succeed("IMPORT EXEC CERT /MAKEDEFAULT /FILENAME=\(first.folder.path("exec.pem"))")
    #expect(whole.contains("agents of its root CA are trusted now: CN=JAMS Local"), "\(whole)")
    try await second.succeed("EXPORT EXEC CERT /PEM /NOPASSWORD /FILENAME=c.pem /CURL=c.curl")
    #expect(try await second.succeed("LIST ROOT CA").contains("elsewhere"))
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
    try await scheduler.succeed("EXPORT EXEC CERT /PEM /NOPASSWORD /FILENAME=c.pem /CURL=c.curl")
    for name in ["root.pfx", "a.pem", "c.pem", "c.curl", "home/registry.json"] {
      let status = try FileDescriptor.open(scheduler.folder.path(name), 0).status(name)
      #expect(status.st_mode & 0o7777 == 0o600, "\(name)")
    }
  }
}

extension String {
  func components(of part: String) -> Int { ranges(of: part).count }
}
