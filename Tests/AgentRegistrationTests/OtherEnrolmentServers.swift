import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// An agent enrols and renews at EST servers that are not ours: with CAs below the root, and people who approve requests.
struct OtherEnrolmentServers {
  private typealias Server = OtherEnrolmentServer

  private let host: ScratchHost
  private let pki = PKI.shared
  private let root: Credential
  private let issuing: Credential
  private let server: Credential

  init() throws {
    host = try ScratchHost()
    root = try pki.root("EST Root")
    issuing = try pki.intermediate("EST Issuing", by: root)
    server = try pki.server("localhost", by: issuing)
    try host.folder.write("code", try Server.code(root), mode: 0o600)
  }

  private func enrol(at server: OtherEnrolmentServer) async throws -> ProcessResult {
    try await host.register("-R", "-s", "localhost:\(server.port)", "-n", "agent01", "-P", "code")
  }

  /// The subjects of the stored certificates of one kind.
  private func subjects(_ kind: String) throws -> [String] {
    try host.stored(kind).map { name in
      let path = host.folder.path("etc/store/current/\(kind)/\(name)")
      return String(try pki.openssl("x509", "-in", path, "-noout", "-subject").dropFirst("subject=".count).dropLast())
    }.sorted()
  }

  struct Row: Sendable {
    let name: String
    /// The intermediates in the store afterwards; `nil` if the enrolment fails.
    let intermediates: [String]?
    let change: @Sendable (inout OtherEnrolmentServer.Plan, _ root: Credential, _ issuing: Credential) throws -> Void
  }

  static let rows = [
    Row(name: "the certificate alone", intermediates: ["CN = EST Issuing"]) { _, _, _ in },
    Row(name: "with its issuer", intermediates: ["CN = EST Issuing"]) { plan, root, issuing in
      (plan.others, plan.authorities) = ([issuing.certificatePath], [root.certificatePath])
    },
    Row(name: "with its issuer and the root, in reverse", intermediates: ["CN = EST Issuing"]) { plan, root, issuing in
      (plan.others, plan.isReversed) = ([issuing.certificatePath, root.certificatePath], true)
    },
    Row(name: "one tier", intermediates: []) { plan, root, _ in plan.issuer = root.folder },
    Row(name: "three tiers, one in the answer", intermediates: ["CN = EST Issuing", "CN = EST Low"]) {
      plan, root, issuing in
      let low = try PKI.shared.intermediate("EST Low", by: issuing)
      (plan.issuer, plan.others) = (low.folder, [low.certificatePath])
    },
    Row(name: "with the root of somebody else", intermediates: ["CN = EST Issuing"]) { plan, root, issuing in
      let stranger = try PKI.shared.root("EST Stranger")
      plan.others = [stranger.certificatePath]
      plan.authorities.append(stranger.certificatePath)
    },
    Row(name: "below the root of somebody else", intermediates: nil) { plan, root, _ in
      let stranger = try PKI.shared.root("EST Stranger")
      (plan.issuer, plan.others) = (stranger.folder, [stranger.certificatePath])
    },
    Row(name: "no way to the root", intermediates: nil) { plan, root, _ in plan.authorities = [root.certificatePath] },
  ]

  @Test(arguments: rows.indices) func theWayToTheRootIsFound(_ index: Int) async throws {
    let row = Self.rows[index]
    var plan = Server.plan(of: issuing, [issuing, root])
    try row.change(&plan, root, issuing)
    let service = try await Server(server, plan)
    let result = try await enrol(at: service)
    guard let intermediates = row.intermediates else {
      #expect(result.end == .exited(76), "\(result.errorText)")
      #expect(result.errorText.contains("lead from there to a trusted root"), "\(result.errorText)")
      #expect(access(host.folder.path("etc/store/current"), F_OK) != 0)
      // A good answer is still accepted.
      try service.change(Server.plan(of: issuing, [issuing, root]))
      #expect(try await enrol(at: service).end == .exited(0))
      return
    }
    #expect(result.end == .exited(0), "\(row.name): \(result.errorText)")
    #expect(try subjects("roots") == ["CN = EST Root"])
    #expect(try subjects("certificates") == (intermediates + ["CN = agent01"]).sorted())
    #expect(try host.folder.read("etc/listener.toml").contains("enrolment_server = \"localhost:\(service.port)\""))
  }

  static let waits: [(pending: Int, retryAfter: String)] = [
    (1, "1"), (3, "1"), (1, "0"), (2, "Thu, 01 Jan 1970 00:00:00 GMT"), (1, "2"),
  ]

  @Test(arguments: waits.indices) func aServerThatNeedsTimeIsWaitedFor(_ index: Int) async throws {
    let wait = Self.waits[index]
    var plan = Server.plan(of: issuing, [issuing, root])
    (plan.pending, plan.retryAfter) = (wait.pending, wait.retryAfter)
    let service = try await Server(server, plan)
    let enrolled = try await enrol(at: service)
    #expect(enrolled.end == .exited(0), "\(enrolled.errorText)")
    let first = service.requests.filter { $0.hasPrefix("simpleenroll") }
    #expect(first.count == wait.pending + 1 && Set(first).count == 1, "\(first)")
    let renewed = try await host.register("--renew")
    #expect(renewed.end == .exited(0), "\(renewed.errorText)")
    let second = service.requests.filter { $0.hasPrefix("simplereenroll") }
    #expect(second.count == wait.pending + 1 && Set(second).count == 1, "\(second)")
    #expect(access(host.folder.path("etc/store/renewal.key"), F_OK) != 0)
  }

  @Test(arguments: ["40", "3600", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
  func aRequestThatAPersonHasToApproveIsKept(_ retryAfter: String) async throws {
    var plan = Server.plan(of: issuing, [issuing, root])
    (plan.pending, plan.retryAfter) = (100, retryAfter)
    let service = try await Server(server, plan)
    for _ in 0..<2 {
      let pending = try await enrol(at: service)
      #expect(pending.end == .exited(75), "\(pending.errorText)")
      #expect(
        pending.errorText.contains("(HTTP 202: waiting for a person): the request is pending"), "\(pending.errorText)")
    }
    plan.pending = 0
    try service.change(plan)
    #expect(try await enrol(at: service).end == .exited(0))
    #expect(Set(service.requests.filter { $0.hasPrefix("simpleenroll") }).count == 1)
    #expect(access(host.folder.path("etc/store/request.key"), F_OK) != 0)
    // The same for renewal, beside a request of another kind.
    #expect(try await host.register("-R", "-o", "request.pem", "-n", "other").end == .exited(0))
    plan.pending = 100
    try service.change(plan)
    for _ in 0..<2 {
      let pending = try await host.register("--renew")
      #expect(pending.end == .exited(75), "\(pending.errorText)")
    }
    plan.pending = 0
    try service.change(plan)
    let renewed = try await host.register("--renew")
    #expect(renewed.end == .exited(0), "\(renewed.errorText)")
    #expect(Set(service.requests.filter { $0.hasPrefix("simplereenroll") }).count == 1)
    #expect(access(host.folder.path("etc/store/renewal.key"), F_OK) != 0)
    #expect(access(host.folder.path("etc/store/request.key"), F_OK) == 0)
  }

  /// Whether the answer to a renewal brings the new CA, or `cacerts`, or nobody.
  @Test(arguments: [(true, false), (false, true), (true, true), (false, false)])
  func aNewCABelowTheRootRenews(_ row: (inAnswer: Bool, inAuthorities: Bool)) async throws {
    let service = try await Server(server, Server.plan(of: issuing, [issuing, root]))
    #expect(try await enrol(at: service).end == .exited(0))
    let next = try pki.intermediate("EST Next", by: root)
    var plan = Server.plan(of: next, (row.inAuthorities ? [next] : []) + [root])
    plan.others = row.inAnswer ? [next.certificatePath] : []
    try service.change(plan)
    let renewed = try await host.register("--renew")
    guard row.inAnswer || row.inAuthorities else {
      #expect(renewed.end == .exited(76), "\(renewed.errorText)")
      #expect(try subjects("certificates") == ["CN = EST Issuing", "CN = agent01"])
      return
    }
    #expect(renewed.end == .exited(0), "\(renewed.errorText)")
    #expect(try subjects("certificates") == ["CN = EST Issuing", "CN = EST Next", "CN = agent01", "CN = agent01"])
    #expect(try subjects("roots") == ["CN = EST Root"])
  }

  @Test func aNewRootIsNotTrustedByARenewal() async throws {
    let service = try await Server(server, Server.plan(of: issuing, [issuing, root]))
    #expect(try await enrol(at: service).end == .exited(0))
    let image = try host.image()
    let stranger = try pki.root("EST Stranger")
    var plan = Server.plan(of: stranger, [stranger, root])
    plan.others = [stranger.certificatePath]
    try service.change(plan)
    let refused = try await host.register("--renew")
    #expect(refused.end == .exited(76), "\(refused.errorText)")
    #expect(try subjects("roots") == ["CN = EST Root"])
    #expect(try host.stored("keys").count == 1)
    try service.change(Server.plan(of: issuing, [issuing, root]))
    #expect(try await host.register("--renew").end == .exited(0))
    #expect(try host.image() != image)
  }
}
