import FoundationEssentials
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// `-V --at` judges the store and recently seen clients at a later date, and names what breaks first.
struct ForecastNamesWhatBreaksFirst {
  private static let day = 86400
  /// The seconds from now to an hour before the end of that day, so that the number of whole days is one less, however fast the test is.
  private static func end(ofDay days: Int) -> Int { days * day - 3600 }

  private let host: ScratchHost
  private let pki = PKI.shared
  private let root: Credential

  init() async throws {
    host = try ScratchHost()
    root = try pki.issue(
      CertificateRecipe("/CN=Forecast Root", .authority).with { $0.notAfter = Self.end(ofDay: 100) }, by: nil)
    try Folder.make(host.folder.path("state"), mode: 0o700)
    #expect(try await host.register("-I", root.certificatePath).end == .exited(0))
  }

  private func client(_ name: String, days: Int, by issuer: Credential? = nil) throws -> Credential {
    try pki.issue(
      CertificateRecipe("/CN=\(name)", .client).with { $0.notAfter = Self.end(ofDay: days) }, by: issuer ?? root)
  }

  private func record(_ clients: (Credential, Credential)...) throws {
    var record = ClientRecord()
    // Minutes apart, however long it takes to create them: the first one is the most recent.
    for (turn, (client, root)) in clients.enumerated() {
      try record.add(client, through: root, ago: 600 * (turn + 1))
    }
    try host.folder.write("state/clients", record.text, mode: 0o600)
  }

  private func forecast(days: Int, _ more: String...) async throws -> ProcessResult {
    let moment = Date(timeIntervalSince1970: Double(time(nil) + days * Self.day)).formatted(.iso8601)
    return try await host.start(["-V", "--at", moment] + more).end()
  }

  @Test func aRootThatEndsIsNamedWithItsClients() async throws {
    try record((try client("connector", days: 200), root), (try client("second", days: 200), root))
    let sound = try await forecast(days: 99)
    #expect(sound.end == .exited(0), "\(sound.errorText)")
    #expect(
      matches(
        sound.outputText,
        "nothing breaks until 20*Z (store and 2 clients of the last 30 days); the first thing breaks at 20*Z (in 99 days): root "
          + "CN=Forecast Root (sha256 *…) expires; 2 clients seen lately cannot connect without it (CN=connector last): import its "
          + "successor, and issue certificates with that\n"), "\(sound.outputText)")
    let broken = try await forecast(days: 101)
    #expect(broken.end == .exited(78))
    #expect(matches(broken.outputText, "breaks at 20*Z (in 99 days): root CN=Forecast Root (sha256 *"))
    #expect(broken.outputText.split(separator: "\n").count == 1)
  }

  @Test func aClientsOwnCertificateIsNamed() async throws {
    try record((try client("connector", days: 40), root), (try client("second", days: 50), root))
    #expect(try await forecast(days: 39).end == .exited(0))
    let broken = try await forecast(days: 60)
    #expect(broken.end == .exited(78))
    #expect(
      matches(
        broken.outputText,
        "breaks at 20*Z (in 39 days): the certificate of client CN=connector (sha256 *…) expires: issue a new certificate\n"
          + "1 more until 20*Z; all of them with --json\n"), "\(broken.outputText)")
  }

  @Test func aClientOfTwoRootsOutlivesOneOfThem() async throws {
    let short = try pki.issue(
      CertificateRecipe("/CN=Short Intermediate", .authority).with { $0.notAfter = Self.end(ofDay: 20) }, by: root)
    try record((try client("below", days: 200, by: short), root))
    // The client did not present it; only the store has it.
    #expect(try await host.register("-I", short.certificatePath).end == .exited(0))
    let broken = try await forecast(days: 30)
    #expect(broken.end == .exited(78))
    #expect(
      matches(
        broken.outputText,
        "breaks at 20*Z (in 19 days): intermediate CN=Short Intermediate *; 1 client seen lately cannot *"),
      "\(broken.outputText)")
  }

  @Test func anOutdatedRevocationListBreaksIfItIsMoreThanAWarning() async throws {
    try record((try client("connector", days: 200), root))
    let list = try pki.revocationList(by: root, revoking: [], nextUpdate: Self.end(ofDay: 7))
    #expect(try await host.register("-I", list).end == .exited(0))
    #expect(try await forecast(days: 8).end == .exited(0))
    let toml = try host.folder.read("agentd.toml")
    try host.folder.write("agentd.toml", toml + "\n[tls]\ncrl_expired = \"refuse\"\n")
    let broken = try await forecast(days: 8)
    #expect(broken.end == .exited(78))
    #expect(
      matches(
        broken.outputText,
        "breaks at 20*Z (in 6 days): the revocation list of CN=Forecast Root expires*1 client*"))
  }

  @Test func theListenersCertificateIsNamed() async throws {
    let leaf = try pki.issue(
      CertificateRecipe("/CN=agent", .server).with { $0.notAfter = Self.end(ofDay: 10) }, by: root)
    #expect(try await host.register("-I", leaf.bundlePath).end == .exited(0))
    #expect(try await forecast(days: 11).end == .exited(0), "it is not used")
    #expect(try await host.register("-L", "-t", try leaf.sha256).end == .exited(0))
    let broken = try await forecast(days: 11, "--json")
    #expect(broken.end == .exited(78))
    #expect(broken.outputText.contains("\"sound\" : false"))
    #expect(broken.outputText.contains("\"what\" : \"listener certificate CN=agent (sha256 "))
    #expect(try await forecast(days: 9).end == .exited(0))
  }

  @Test func clientsThatAreOutAlreadyOrLongGoneBreakNothing() async throws {
    let stranger = try client("stranger", days: 5, by: pki.root("Other Root"))
    try record((stranger, root))
    #expect(try await forecast(days: 50).end == .exited(0))
    var record = ClientRecord()
    try record.add(try client("gone", days: 5), through: root, ago: 31 * Self.day)
    try host.folder.write("state/clients", record.text)
    #expect(try await forecast(days: 50).end == .exited(0))
  }
}
