import AgentClient
import AgentProtocol
import HTTPSClient
import NIOCore
import NIOPosix
import TestCertificates
import Testing

@Suite struct AgentsHaveToProveWhoTheyAre {
  private func failure(_ client: AgentClient) async throws -> AgentError? {
    do {
      _ = try await client.job(JobID("a")!)
      return nil
    } catch let error as AgentError { return error }
  }

  private func client(
    _ agent: ScriptedAgent, _ name: String, _ certificates: Certificates, as own: Credential? = nil,
    trusting root: Credential? = nil
  ) throws -> AgentClient {
    var limits = ClientLimits()
    limits.patience = 0
    return AgentClient(
      ServerAddress(host: "127.0.0.1", port: agent.port, name: name),
      tls: try certificates.context(as: own, trusting: root), limits: limits)
  }

  private static let good = Script.answers(C16_HostileAgentsGainNothing.job)

  @Test(arguments: ["localhost", "127.0.0.1", "::1"])
  func aNameOfTheCertificateIsAccepted(_ name: String) async throws {
    let certificates = try Certificates()
    let agent = try await ScriptedAgent(certificates, Self.good)
    #expect(try await failure(client(agent, name, certificates)) == nil)
  }

  @Test func anotherNameIsNot() async throws {
    let certificates = try Certificates()
    let agent = try await ScriptedAgent(certificates, Self.good)
    for name in ["agent02", "127.0.0.2", "localhost.localdomain"] {
      let failure = try await failure(client(agent, name, certificates))
      guard case .untrusted(let reason) = failure else {
        Issue.record("\(name): \(String(describing: failure))")
        continue
      }
      #expect(
        reason.contains("is not for \(name), but for localhost")
          && reason.contains("use such a name, or issue it again with /SAN=\(name)"))
    }
    #expect(agent.heads.isEmpty)
  }

  @Test(arguments: [
    (
      "expired",
      CertificateRecipe("/CN=localhost", .server).with {
        $0.notAfter = -3600
        $0.notBefore = -7200
        $0.extensions = ["subjectAltName = IP:127.0.0.1"]
      }, "expired on 20"
    ),
    (
      "early",
      CertificateRecipe("/CN=localhost", .server).with {
        $0.notBefore = 86400
        $0.notAfter = 2 * 86400
        $0.extensions = ["subjectAltName = IP:127.0.0.1"]
      }, "is not valid before 20"
    ),
    (
      "purpose", CertificateRecipe("/CN=127.0.0.1", .client).with { $0.extensions = ["subjectAltName = IP:127.0.0.1"] },
      "is not for servers: it needs one for servers"
    ),
    ("common name alone", CertificateRecipe("/CN=127.0.0.1", .server), "but for no name at all"),
  ])
  func aBadCertificateIsNot(_ what: String, _ recipe: CertificateRecipe, _ words: String) async throws {
    let certificates = try Certificates(server: recipe)
    let agent = try await ScriptedAgent(certificates, Self.good)
    let failure = try await failure(client(agent, "127.0.0.1", certificates))
    guard case .untrusted(let reason) = failure else {
      Issue.record("\(what): \(String(describing: failure))")
      return
    }
    #expect(reason.contains(words), "\(reason)")
    #expect(agent.heads.isEmpty)
  }

  @Test func anotherRootIsNot() async throws {
    let certificates = try Certificates()
    let agent = try await ScriptedAgent(certificates, Self.good)
    let other = try PKI.shared.root("Another Root")
    guard case .untrusted(let reason) = try await failure(client(agent, "localhost", certificates, trusting: other))
    else {
      Issue.record("accepted")
      return
    }
    #expect(reason.contains("is of another root CA, CN=") && reason.contains("import that root"), "\(reason)")
    #expect(try await failure(client(agent, "localhost", certificates)) == nil)
  }

  @Test func whomTheAgentRefusesIsTold() async throws {
    let certificates = try Certificates()
    let agent = try await ScriptedAgent(certificates, Self.good)
    let stranger = try PKI.shared.client("stranger", by: PKI.shared.root("Another Root"))
    guard case .unauthenticated = try await failure(client(agent, "localhost", certificates, as: stranger)) else {
      Issue.record("accepted")
      return
    }
  }

  @Test func nobodyThereAndSomethingElseThereAreToldApart() async throws {
    let certificates = try Certificates()
    var limits = ClientLimits()
    limits.patience = 0
    let plain = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
      .childChannelInitializer { channel in
        channel.writeAndFlush(ByteBuffer(string: "SSH-2.0-OpenSSH_9.2\r\n"), promise: nil)
        return channel.eventLoop.makeSucceededVoidFuture()
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let address = ServerAddress(host: "127.0.0.1", port: plain.localAddress?.port ?? 0)
    let client = AgentClient(address, tls: try certificates.context(), limits: limits)
    guard case .misconfigured(let reason) = try await failure(client) else {
      Issue.record("spoke to SSH")
      return
    }
    #expect(reason.contains("the server does not speak TLS: another program listens there"), "\(reason)")
    try await plain.close()
    guard case .unreachable = try await failure(client) else {
      Issue.record("spoke to nobody")
      return
    }
  }
}
