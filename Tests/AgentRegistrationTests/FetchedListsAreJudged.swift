import Glibc
import TestCertificates
import TestSupport
import Testing

/// What an enrolment service sends as a revocation list is imported only as `-I` would, and nothing else is: signature, issuer, number and
/// dates decide, whoever the service is.
struct FetchedListsAreJudged {
  private let host: ScratchHost
  private let pki = PKI.shared
  private let root: Credential
  private let server: OtherEnrolmentServer
  private let plan: OtherEnrolmentServer.Plan

  init() async throws {
    host = try ScratchHost()
    root = try pki.root("List Root")
    plan = OtherEnrolmentServer.plan(of: root, [root])
    server = try await OtherEnrolmentServer(try pki.server("localhost", by: root), plan)
    try host.folder.write("code", try OtherEnrolmentServer.code(root), mode: 0o600)
    #expect(
      try await host.register("-R", "-s", "localhost:\(server.port)", "-n", "agent01", "-P", "code").end == .exited(0))
  }

  /// Publishes a file, and has the agent fetch it.
  private func fetch(_ file: String) async throws -> ProcessResult {
    var plan = plan
    plan.list = file
    try server.change(plan)
    return try await host.register("--refresh")
  }

  private func der(_ list: String) throws -> String {
    let file = "\(list).der"
    _ = try pki.openssl("crl", "-in", list, "-outform", "DER", "-out", file)
    return file
  }

  private func list(by issuer: Credential, _ number: Int, thisUpdate: Int = -3600) throws -> String {
    try der(try pki.revocationList(by: issuer, revoking: [], number: number, thisUpdate: thisUpdate, nextUpdate: 86400))
  }

  struct Row: Sendable {
    let name: String
    let refusal: String
    let file: @Sendable (FetchedListsAreJudged) throws -> String
  }

  static let rows = [
    Row(name: "of another CA with the name", refusal: "was not used: *List Root*") {
      let namesake = CertificateRecipe("/CN=List Root", .authority).with { $0.variant = 1 }
      return try $0.list(by: try $0.pki.issue(namesake, by: nil), 9)
    },
    Row(name: "older than the stored one", refusal: "was not used: *is older than the one in the store*") {
      try $0.list(by: $0.root, 4)
    },
    Row(name: "not valid yet", refusal: "was not used: *is not valid before*") {
      try $0.list(by: $0.root, 9, thisUpdate: 3600)
    },
    Row(name: "a root", refusal: "did not answer with a revocation list*") {
      try $0.pki.root("Stranger").certificatePath
    },
    Row(name: "nothing", refusal: "did not answer with a revocation list*") {
      try $0.host.folder.write("empty", "", mode: 0o600)
      return $0.host.folder.path("empty")
    },
    Row(name: "more than is read", refusal: "*") {
      try $0.host.folder.write("large", String(repeating: "0", count: 17 << 20), mode: 0o600)
      return $0.host.folder.path("large")
    },
  ]

  @Test(arguments: rows.indices) func whatIsNoNewerListOfTheRoot(_ index: Int) async throws {
    let row = Self.rows[index]
    let first = try await fetch(try list(by: root, 5))
    #expect(first.end == .exited(0) && first.outputText.contains("imported the revocation list of CN=List Root"))
    let image = try host.image()
    let refused = try await fetch(try row.file(self))
    #expect(refused.end != .exited(0), "\(row.name)")
    #expect(matches(refused.errorText, "agent-register: *\(row.refusal)\n"), "\(row.name): \(refused.errorText)")
    #expect(try host.image() == image, "\(row.name)")
    #expect(try await fetch(try list(by: root, 6)).outputText.contains("imported the revocation list"), "\(row.name)")
    #expect(try host.stored("crls").count == 1)
  }

  @Test func whoPublishesNoneIsNoFault() async throws {
    let image = try host.image()
    let result = try await host.register("--refresh")
    #expect(result.end == .exited(0) && result.outputText.contains("there is no newer list"), "\(result.errorText)")
    #expect(try host.image() == image)
  }
}
