// Goal: the supervisor is told about each admitted client once, not for every connection, and about nobody else.
import AgentProtocol
import FoundationEssentials
import NIOCore
import SupervisorLink
import TestCertificates
import TestSupport
import Testing
import Values

@testable import Listener

struct AdmittedClients {
  @Test func eachIsToldOnceWithWhatItPresented() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let certificates = try RunningListener.certificates()
    for _ in 1...3 { #expect(try await listener.curl("\(listener.url)/v1/agent").end == .exited(0)) }
    let intermediate = try PKI.shared.intermediate("Listener Intermediate", by: certificates.root)
    let other = try PKI.shared.client("second", by: intermediate)
    let stranger = try PKI.shared.client("stranger", by: PKI.shared.root("Strangers"))
    #expect(try await status(listener, other) == .exited(0))
    #expect(try await status(listener, stranger) != .exited(0))

    let told = try await wait(for: "two clients") {
      listener.supervisor.admitted.count >= 2 ? listener.supervisor.admitted : nil
    }
    let root = try RunningListener.thumbprint(certificates.root)
    #expect(told.map(\.root) == [root, root])
    #expect(
      told.map(\.thumbprint) == [
        try RunningListener.thumbprint(certificates.client), try RunningListener.thumbprint(other),
      ])
    #expect(told[1].certificates == [try der(other), try der(intermediate)])
  }

  /// Otherwise a reload under load fails: a listener that reports clients before it is ready violates the link's contract.
  @Test func whoWaitedAlreadyIsToldOfOnceItIsReady() async throws {
    let earlier = try RunningListener()
    _ = try await earlier.ready()
    try earlier.supervisor.send(.drain(nil))
    #expect(try await earlier.exitCode() == 0)
    let clients = try (1...4).map { _ in try TestProcess(RunningListener.curl() + ["\(earlier.url)/v1/agent"]) }
    let listener = try RunningListener(socket: earlier.socket, port: earlier.port)
    for client in clients { #expect(try await client.end().end == .exited(0)) }
    try await wait(for: "the client") { !listener.supervisor.admitted.isEmpty }
    guard case .ready? = listener.supervisor.first else {
      Issue.record("told first: \(String(describing: listener.supervisor.first))")
      return
    }
  }

  @Test func nobodyIsToldTwiceAnHourAndNoMoreThanTheLimit() throws {
    let context = try Trust(
      ClientTrust(
        certificates: [], roots: [try RunningListener.certificates().root.certificatePEM], revocationLists: []))
    let reports = AdmissionReports(to: ScriptedSupervisor(), CurrentVerifier(context.verifier))
    func client(_ number: Int) -> Thumbprint {
      Thumbprint(digest: [UInt8(number >> 8), UInt8(number & 255)] + [UInt8](repeating: 0, count: 30))!
    }
    let start = NIODeadline.now()
    #expect(reports.isDue(client(0), now: start))
    #expect(!reports.isDue(client(0), now: start + .minutes(59)))
    #expect(reports.isDue(client(0), now: start + .minutes(61)))
    for number in 1..<AdmissionReports.limit { #expect(reports.isDue(client(number), now: start + .minutes(61))) }
    #expect(!reports.isDue(client(AdmissionReports.limit), now: start + .minutes(62)))
    #expect(reports.isDue(client(AdmissionReports.limit), now: start + .minutes(122)))
    #expect(reports.isDue(client(0), now: start + .minutes(122)))
  }

  private func status(_ listener: RunningListener, _ client: Credential) async throws -> ProcessEnd {
    try await TestProcess([
      "curl", "-sS", "--max-time", "120", "--noproxy", "*", "--cacert",
      try RunningListener.certificates().root.certificatePath, "--cert", client.chainPath, "--key", client.keyPath,
      "\(listener.url)/v1/agent",
    ]).end().end
  }

  private func der(_ credential: Credential) throws -> String {
    try credential.certificatePEM.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
  }
}
