// Goal: files written by a scheduler satisfy strict readers: Java's keytool, and a linter for RFC 5280.
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: getenv("AGENTD_INTEROP") != nil, "'make interop' installs Java and pkilint, and runs this"))
struct InteroperationOfFiles {
  @Test func javaReadsOursAndWeReadJavas() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await scheduler.succeed("EXPORT EXEC CERT /FILENAME=exec.pfx /PASSWORDFILE=password")
    func keytool(_ arguments: String...) async throws -> ProcessResult {
      try await TestProcess(["keytool", "-J-Xint"] + arguments, directory: scheduler.folder.path).end()
    }
    let store = ["-storetype", "PKCS12", "-storepass", "correct horse"]
    let listed = try await keytool("-list", "-v", "-keystore", "exec.pfx", store[0], store[1], store[2], store[3])
    #expect(listed.end == .exited(0), "\(listed.outputText)\(listed.errorText)")
    #expect(listed.outputText.contains("Entry type: PrivateKeyEntry"))
    #expect(listed.outputText.contains("Owner: CN=Executor Connector"))

    let made = try await keytool(
      "-genkeypair", "-alias", "root", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=Java Root CA", "-ext",
      "bc:critical=ca:true", "-ext", "ku:critical=keyCertSign,cRLSign", "-validity", "30", "-keystore", "java.pfx",
      store[0], store[1], store[2], store[3])
    #expect(made.end == .exited(0), "\(made.outputText)\(made.errorText)")
    let answer = try await scheduler.succeed("IMPORT ROOT CA /FILENAME=java.pfx /PASSWORDFILE=password /STOREKEY")
    #expect(answer.contains("CN=Java Root CA"))
  }

  @Test(arguments: ["P-256", "P-384", "RSA-2048", "Ed25519"]) func theLinterHasNoComplaint(_ kind: String) async throws
  {
    let scheduler = try ScratchScheduler()
    try await scheduler.succeed("CREATE ROOT CA /STOREKEY /MAKEDEFAULT /KEYTYPE=\(kind)")
    try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT /KEYTYPE=\(kind)")
    let issue = "CREATE AGENT LISTENER CERT /AGENTNAME=agent01.example.com /SAN=192.0.2.7,2001:db8::7 /NOPASSWORD /PEM"
    let issued = try await scheduler.succeed("\(issue) /FILENAME=agent.pem /KEYTYPE=\(kind)")
    try await scheduler.succeed("REVOKE CERT /THUMBPRINT=\(try #require(issued.thumbprint(after: "SHA-256")))")
    try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    try await scheduler.succeed("EXPORT CRL /FILENAME=crl.pem")
    // The linter reads a file with a single block.
    func alone(_ arguments: String...) async throws {
      let result = try await TestProcess(["openssl"] + arguments, directory: scheduler.folder.path).end()
      #expect(result.end == .exited(0), "\(result.errorText)")
    }
    try await alone("x509", "-in", "agent.pem", "-out", "listener.pem")
    try await alone(
      "pkcs12", "-in", try await exported(scheduler), "-nokeys", "-clcerts", "-passin", "pass:correct horse", "-out",
      "bag.pem")
    try await alone("x509", "-in", "bag.pem", "-out", "connector.pem")
    for file in ["root.pem", "listener.pem", "connector.pem"] {
      try await lint("lint_pkix_cert", "lint", file, in: scheduler)
    }
    try await lint("lint_crl", "lint", "-t", "CRL", "-p", "PKIX", "crl.pem", in: scheduler)
  }

  private func exported(_ scheduler: ScratchScheduler) async throws -> String {
    try await scheduler.succeed("EXPORT EXEC CERT /FILENAME=exec.pfx /PASSWORDFILE=password")
    return "exec.pfx"
  }

  private func lint(_ command: String..., in scheduler: ScratchScheduler) async throws {
    let result = try await TestProcess(command + ["-s", "NOTICE"], directory: scheduler.folder.path).end()
    #expect(
      result.end == .exited(0) && result.outputText.allSatisfy(\.isWhitespace),
      "\(command): \(result.outputText)\(result.errorText)")
  }
}
