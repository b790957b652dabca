import AgentProtocol
import Glibc
import SupervisorLink
import TestCertificates
import TestSupport
import Testing

@testable import Listener

/// Unusable material is reported with the reason, and the listener exits; no connection is accepted.
struct UnusableMaterial {
  enum Fault: String, CaseIterable {
    case noRoots, noSuchCertificate, otherKey, noKey, expired, notYetValid, clientCertificate, brokenRoot,
      brokenCertificate, brokenRevocationList, weakKey

    /// The words that the message must contain.
    var words: [String] {
      switch self {
      case .noRoots: ["no root CA", "agent-register -I"]
      case .noSuchCertificate: ["is not in the store", "agent-register -L -t"]
      case .otherKey: ["CN=localhost", "does not belong", "P-256"]
      case .noKey: ["no private key"]
      case .expired: ["CN=old", "expired on 20", "agent-register -I"]
      case .notYetValid: ["CN=future", "is not valid for another", "clock"]
      case .clientCertificate: ["CN=connector", "not for servers", "serverAuth"]
      case .brokenRoot: ["root CA of the store"]
      case .brokenCertificate: ["certificate of the store"]
      case .brokenRevocationList: ["revocation lists"]
      case .weakKey: ["CN=weak"]
      }
    }

    func spoil(_ material: inout ListenerMaterial, _ certificates: RunningListener.Certificates) throws -> String {
      var own = certificates.server
      switch self {
      case .noRoots: material.trust.roots = []
      case .noSuchCertificate: material.certificate = .unknown
      case .otherKey: return certificates.client.keyPath
      case .noKey: return own.certificatePath
      case .expired:
        own = try PKI.shared.issue(
          CertificateRecipe("/CN=old", .server).with {
            $0.notBefore = -7 * 86400; $0.notAfter = -3 * 86400
          },
          by: certificates.root)
      case .notYetValid:
        own = try PKI.shared.issue(
          CertificateRecipe("/CN=future", .server).with { $0.notBefore = 86400 }, by: certificates.root)
      case .clientCertificate: own = certificates.client
      case .brokenRoot: material.trust.roots = ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
      case .brokenCertificate: material.trust.certificates.append("-----BEGIN CERTIFICATE-----\nAAAA\n")
      case .brokenRevocationList:
        material.trust.revocationLists = ["-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]
      case .weakKey:
        own = try PKI.shared.issue(
          CertificateRecipe("/CN=weak", .server).with { $0.key = .rsa1024 }, by: certificates.root)
      }
      if own !== certificates.server {
        material.trust.certificates = [try own.certificatePEM]
        material.certificate = try RunningListener.thumbprint(own)
      }
      return own.keyPath
    }
  }

  @Test(arguments: Fault.allCases) func isReported(_ fault: Fault) async throws {
    let certificates = try RunningListener.certificates()
    var unused = ListenerMaterial(
      agentName: "", version: "", certificate: .unknown,
      trust: ClientTrust(certificates: [], roots: [], revocationLists: []), addresses: [],
      capacity: Capacity(maxRunning: 0, maxQueued: 0, running: 0, queued: 0), checkOnly: false)
    let key = try fault.spoil(&unused, certificates)
    let listener = try RunningListener(key: key, change: { _ = try fault.spoil(&$0, certificates) })
    let verdict = try await wait(for: "the verdict") { listener.supervisor.verdict }
    guard case .unusable(let message) = verdict else {
      Issue.record("taken for usable")
      return
    }
    for word in fault.words { #expect(message.contains(word), "\(message)") }
    #expect(!message.contains("\n"))
    #expect(try await listener.exitCode() == EX_CONFIG)
  }

  /// A killed signer does not mean that the key is at fault: the next listener may succeed.
  @Test func aSignerThatIsGoneIsNoVerdict() async throws {
    let listener = try RunningListener(isSigned: false)
    #expect(try await listener.exitCode() == EX_UNAVAILABLE)
    #expect(listener.supervisor.verdict == nil)
  }

  @Test func aCheckReportsAndExits() async throws {
    let listener = try RunningListener(change: { $0.checkOnly = true })
    #expect(try await listener.ready().subject == "CN=localhost")
    #expect(try await listener.exitCode() == 0)
  }
}

/// The chain sent to clients: complete, in order, without the root.
struct ServedChain {
  @Test func isCompletedFromTheStore() async throws {
    let root = try PKI.shared.root("Chain Root")
    let upper = try PKI.shared.intermediate("Upper", by: root)
    let lower = try PKI.shared.intermediate("Lower", by: upper)
    let server = try PKI.shared.server("chained", by: lower)
    let listener = try RunningListener(
      key: server.keyPath,
      change: { material in
        material.trust.certificates = try [upper, server, lower].map { try $0.certificatePEM }
        material.trust.roots.append(try root.certificatePEM)
        material.certificate = try RunningListener.thumbprint(server)
      })
    _ = try await listener.ready()
    let shown = try await TestProcess(listener.openssl("-showcerts", "-CAfile", root.certificatePath)).end().outputText
    let subjects = shown.matches(of: #/ s:(.*)\n/#).map { String($0.1) }
    #expect(subjects == ["CN = chained", "CN = Lower", "CN = Upper"], "\(shown)")
  }
}
