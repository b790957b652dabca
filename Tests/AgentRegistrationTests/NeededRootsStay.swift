import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// `-l` shows which root each client used, and `-x` refuses to remove one that a client needed within 30 days.
struct NeededRootsStay {
  private let host: ScratchHost
  private let files: BundleFiles
  private let client: Credential
  private let other: Credential
  private let day = 86400

  init() async throws {
    (host, files) = (try ScratchHost(), try BundleFiles())
    client = try files.pki.client("connector", by: files.root)
    other = try files.pki.root("Next Root")
    try Folder.make(host.folder.path("state"), mode: 0o700)
    for root in [files.root, other] { #expect(try await host.register("-I", root.certificatePath).end == .exited(0)) }
  }

  private func record(_ fill: (inout ClientRecord) throws -> Void) throws {
    var record = ClientRecord()
    try fill(&record)
    try host.folder.write("state/clients", record.text, mode: 0o600)
  }

  private func remove(_ root: Credential, _ more: String...) async throws -> ProcessResult {
    try await host.start(["-x", try root.sha256] + more).end()
  }

  @Test func theListNamesTheClientsAndTheirRoots() async throws {
    let old = try files.pki.client("long gone", by: files.root)
    try record {
      try $0.add(client, through: files.root, ago: 2 * day)
      try $0.add(old, through: files.root, ago: 31 * day)
    }
    let text = try await host.register("-l").outputText
    #expect(text.contains("client        CN=connector  (seen lately, through CN=Scheduler Root)\n"))
    #expect(text.contains("  through     \(try files.root.sha256)\n"))
    #expect(text.components(of: "  last use    20") == 2, "of the root and of its client: \(text)")
    #expect(!text.contains("long gone"))

    let json = try await host.register("-l", "--json").outputText.filter { !" \n".contains($0) }
    #expect(json.components(of: #""role":"client""#) == 2)
    #expect(
      matches(
        json, #"*"last_use":"20*Z",*"role":"client","root":"\#(try files.root.sha256)","subject":"CN=connector"*"#))
    #expect(
      matches(
        json, #"*{"has_key":false,"in_use":false,"names":[],"not_after":"20*"role":"root","subject":"CN=NextRoot"*"#))
  }

  @Test func aRootThatAClientNeededIsNotRemoved() async throws {
    try record { try $0.add(client, through: files.root, ago: 30 * day - 60) }
    let image = try host.image()
    let refused = try await remove(files.root)
    #expect(refused.end == .exited(78))
    #expect(
      matches(
        refused.errorText,
        "agent-register: root CN=Scheduler Root is still needed: 1 client of the last 30 days, CN=connector last, at 20*Z; "
          + "give it a certificate from a root that stays, or use --force\n"), "\(refused.errorText)")
    #expect(try host.image() == image)
    #expect(try await remove(other).end == .exited(0), "nobody needs it")
  }

  @Test func forceRemovesItAndSaysWhoIsRefused() async throws {
    try record { try $0.add(client, through: files.root) }
    let forced = try await remove(files.root, "--force")
    #expect(forced.end == .exited(0))
    #expect(
      forced.errorText.hasPrefix(
        "agent-register: warning: refused from now on: 1 client of the last 30 days, CN=connector last, at 20"))
    #expect(try host.stored("roots").count == 1)
  }

  @Test func aRootOfWhomNobodyIsLeftIsRemoved() async throws {
    let expired = try files.pki.issue(
      CertificateRecipe("/CN=expired", .client).with { ($0.notBefore, $0.notAfter) = (-2 * day, -day) }, by: files.root)
    try record {
      try $0.add(client, through: files.root, ago: 30 * day + 60)
      // This client is refused even with this root.
      try $0.add(expired, through: files.root)
    }
    #expect(try await remove(files.root).end == .exited(0))
  }

  /// The next root has also certified this root's key, so its clients are admitted through that one.
  @Test func aClientThatAnotherRootLetsInNeedsNone() async throws {
    let request = try files.made(
      "x509", "-in", files.root.certificatePath, "-x509toreq", "-signkey", files.root.keyPath, "-out", "@")
    try host.folder.write("request.pem", request)
    try host.folder.write("extensions", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    let crossed = try files.made(
      "x509", "-req", "-in", host.folder.path("request.pem"), "-CA", other.certificatePath, "-CAkey", other.keyPath,
      "-CAcreateserial", "-extfile", host.folder.path("extensions"), "-days", "20", "-out", "@")
    try host.folder.write("crossed.pem", crossed)
    try record { try $0.add(client, through: files.root) }
    #expect(try await remove(files.root).end == .exited(78))
    let imported = try await host.register("-I", "crossed.pem")
    #expect(imported.end == .exited(0), "\(imported.errorText)")
    let removed = try await remove(files.root)
    #expect(removed.end == .exited(0), "\(removed.errorText)")
    #expect(try await host.register("-V", client.chainPath).end == .exited(0), "it still gets in")
  }

  @Test(
    arguments: [
      ("agentd clients 1\n", "state/clients: line 2: is truncated"),
      (
        "agentd clients 1\n\(0x6000_0000) \(String(repeating: "a", count: 64)) \(String(repeating: "b", count: 64)) MAoA\nend 1\n",
        "does not hold its certificate"
      ),
    ])
  func aBrokenRecordKeepsTheRoot(text: String, fault: String) async throws {
    try host.folder.write("state/clients", text)
    let refused = try await remove(files.root)
    #expect(refused.end == .exited(78))
    #expect(refused.errorText.contains("cannot tell who needs root CN=Scheduler Root: "))
    #expect(refused.errorText.contains(fault))
    let listed = try await host.register("-l")
    #expect(listed.end == .exited(0))
    #expect(listed.errorText.contains(fault))
    #expect(try await remove(files.root, "--force").end == .exited(0))
  }
}

extension String {
  fileprivate func components(of separator: String) -> Int { ranges(of: separator).count }
}
