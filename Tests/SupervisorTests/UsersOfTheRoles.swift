import AgentConfiguration
import Glibc
import TestSupport
import Testing

@testable import Supervisor

/// The users of listener and signer, and the message if they are not possible.
struct UsersOfTheRoles {
  private func accounts(_ process: String) throws -> RoleAccounts {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", process.isEmpty ? "" : "[process]\n\(process)\n")
    return try RoleAccounts.resolve(AgentConfiguration.load(file: file, environment: [:], isRoot: true).process)
  }

  private func user(_ name: String) throws -> uid_t { try #require(getpwnam(name)).pointee.pw_uid }

  @Test func eachHasItsOwn() throws {
    let accounts = try accounts("listener_user = \"nobody\"\nsigner_user = \"daemon\"")
    #expect(try accounts.listener.user == user("nobody") && accounts.signer.user == user("daemon"))
    #expect(accounts.warning == nil)
  }

  @Test func oneForBothIsWarnedOf() throws {
    let accounts = try accounts("listener_user = \"nobody\"\nsigner_user = \"nobody\"")
    #expect(accounts.warning?.contains("signer_user") == true)
  }

  @Test(.enabled(if: getpwnam("agentd-signer") == nil, "here the default user is there"))
  func theListenersIsTheSignersWhereNoOtherIsNamedOrThere() throws {
    let accounts = try accounts("listener_user = \"nobody\"")
    #expect(accounts.listener == accounts.signer)
    #expect(accounts.warning?.hasPrefix("the signer runs as nobody, the listener's user") == true)
  }

  @Test(.enabled(if: getpwnam("agentd-signer") == nil && getpwnam("agentd") == nil, "here the default users are there"))
  func missingDefaultsAreBothMade() throws {
    let command = "useradd --system --no-create-home --shell /usr/sbin/nologin"
    #expect(
      throws: StartFailure(
        EX_CONFIG, "listener_user: there is no user agentd, signer_user: there is no user agentd-signer",
        hint: "run: systemd-sysusers, or \(command) agentd && \(command) agentd-signer")
    ) { try accounts("") }
  }

  @Test func aMissingOneIsNamedOnce() throws {
    let command = "useradd --system --no-create-home --shell /usr/sbin/nologin"
    #expect(
      throws: StartFailure(
        EX_CONFIG, "listener_user: there is no user nobody-at-all", hint: "run: \(command) nobody-at-all")
    ) { try accounts("listener_user = \"nobody-at-all\"\nsigner_user = \"nobody-at-all\"") }
  }
}
