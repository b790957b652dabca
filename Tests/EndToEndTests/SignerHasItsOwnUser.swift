// Goal: the signer has its own user, so that whoever takes over the listener shares nothing with the process that holds the key; a
// configuration that names only a user for the listener still starts, with a warning about the consequences.
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can start a process as another user")) struct SignerHasItsOwnUser {
  private static let warning = "the signer runs as nobody, the listener's user"

  @Test func listenerAndSignerAreTwoUsers() async throws {
    let agent = try await Installation.running()
    for (process, name) in [
      (try await agent.listenerID(), Installation.listenerUser), (try await agent.signerID(), Installation.signerUser),
    ] {
      let entry = try #require(getpwnam(name)).pointee
      let status = try ProcessTable.status(process)
      #expect(status["Uid"] == Array(repeating: "\(entry.pw_uid)", count: 4))
      #expect(status["Gid"] == Array(repeating: "\(entry.pw_gid)", count: 4))
      #expect(status["Groups"] == [])
    }
    #expect(try await agent.request("GET", "agent").status == 200)
    #expect(!agent.log.contains("signer_user"), "\(agent.log)")
  }

  @Test(.enabled(if: getpwnam("agentd-signer") == nil, "here the default user is there and is used"))
  func aListenersUserAloneIsEnough() async throws {
    let agent = try await Installation(users: "listener_user = \"nobody\"")
    try await agent.register()
    try await agent.start()
    try await agent.logLine(with: "warning", Self.warning)
    #expect(agent.log.split(separator: "\n").count { $0.contains(Self.warning) } == 1, "\(agent.log)")
    #expect(try await agent.request("GET", "agent").status == 200)
    let users = try [await agent.listenerID(), await agent.signerID()].map { try ProcessTable.status($0)["Uid"] }
    #expect(users[0] == users[1])
  }
}
