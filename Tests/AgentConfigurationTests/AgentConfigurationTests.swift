import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import AgentConfiguration

/// Defaults, and that a configured value replaces them.
struct AgentConfigurationTests {
  private func hostName() -> String {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  @Test func rootHasThePlacesOfASystemService() {
    let configuration = DefaultPaths(environment: ["HOME": "/root", "XDG_CONFIG_HOME": "/x"], isRoot: true)
      .configuration
    #expect(configuration.paths.store == "/etc/agentd/store")
    #expect(configuration.paths.listener == "/etc/agentd/listener.toml")
    #expect(configuration.paths.state == "/var/lib/agentd")
    #expect(configuration.paths.runtime == "/run/agentd")
    #expect(configuration.paths.pidFile == "/run/agentd/agentd.pid")
    #expect(configuration.process.logFile == "/var/log/agentd.log")
    #expect(configuration.process.listenerUser == "agentd")
    #expect(configuration.process.signerUser == "agentd-signer")
    #expect(configuration.process.logLevel == .info)
    #expect(configuration.tls.crlExpired == .warn)
    #expect(configuration.process.agentName == hostName())
    #expect(configuration.jobs == .init(maxRunning: 64, maxQueued: 10_000, defaultUser: "nobody", outputLimit: 1 << 30))
  }

  @Test func aUserHasThoseOfTheXDGSpecification() throws {
    let environment = ["HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/7"]
    let configuration = try AgentConfiguration.load(file: nil, environment: environment, isRoot: false)
    #expect(configuration.file == nil)
    #expect(configuration.paths.store == "/home/u/.config/agentd/store")
    #expect(configuration.paths.listener == "/home/u/.config/agentd/listener.toml")
    #expect(configuration.paths.state == "/home/u/.local/state/agentd")
    #expect(configuration.paths.runtime == "/run/user/7/agentd")
    #expect(configuration.process.logFile == "/home/u/.local/state/agentd/agentd.log")
  }

  @Test func anXDGVariableThatIsNotAbsoluteIsIgnored() throws {
    let environment = ["HOME": "/home/u", "XDG_CONFIG_HOME": "x", "XDG_STATE_HOME": "", "XDG_RUNTIME_DIR": "."]
    let configuration = try AgentConfiguration.load(file: nil, environment: environment, isRoot: false)
    #expect(configuration.paths.store == "/home/u/.config/agentd/store")
    #expect(configuration.paths.state == "/home/u/.local/state/agentd")
    #expect(configuration.paths.runtime == "/home/u/.local/state/agentd/run")
  }

  @Test func relativePathsBeginAtTheFile() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      "agentd.toml",
      """
      [paths]
      store = "store"
      listener = "/elsewhere/listener.toml"
      state = "var/state"
      runtime = "run"
      [process]
      agent_name = "AGENT01"
      listener_user = "daemon"
      signer_user = "bin"
      log_level = "debug"
      [tls]
      crl_expired = "refuse"
      [limits]
      connections = 1
      connections_per_source = 2
      unauthenticated = "3:4:5"
      unauthenticated_per_source = 6
      handshake_timeout = 7
      idle_timeout = 8
      requests_per_connection = 9
      [jobs]
      max_running = 10_000
      max_queued = 0
      output_limit = 5
      default_user = "batch"
      cgroup = "/sys/fs/cgroup/agentd"
      input_limit = 786_432
      umask = "027"
      leave_processes = false
      login_shell_required = true
      [jobs.limits]
      nofile = "100:unlimited"
      core = 0
      nproc = "unlimited"
      """)
    let configuration = try AgentConfiguration.load(file: file, environment: [:], isRoot: false)
    #expect(configuration.file == file)
    #expect(configuration.paths.store == "\(folder.path)/store")
    #expect(configuration.paths.listener == "/elsewhere/listener.toml")
    #expect(configuration.paths.state == "\(folder.path)/var/state")
    #expect(configuration.paths.runtime == "\(folder.path)/run")
    #expect(configuration.process.logFile == "\(folder.path)/var/state/agentd.log")
    #expect(configuration.process.agentName == "AGENT01")
    #expect(configuration.process.listenerUser == "daemon")
    #expect(configuration.process.signerUser == "bin")
    #expect(configuration.process.logLevel == .debug)
    #expect(configuration.tls.crlExpired == .refuse)
    var limits = ListenerLimits()
    (limits.connections, limits.connectionsPerSource, limits.unauthenticatedPerSource) = (1, 2, 6)
    limits.unauthenticated = EarlyDrop(start: 3, rate: 4, full: 5)
    (limits.handshakeTimeout, limits.idleTimeout, limits.requestsPerConnection) = (7, 8, 9)
    #expect(configuration.limits == limits)
    var jobs = AgentConfiguration.Jobs(maxRunning: 10_000, maxQueued: 0, defaultUser: "batch", outputLimit: 5)
    jobs.isDefaultUserNamed = true
    jobs.controlGroups = .folder("/sys/fs/cgroup/agentd")
    (jobs.inputLimit, jobs.umask, jobs.loginShellRequired) = (786_432, 0o027, true)
    jobs.leaveProcesses = false
    jobs.processLimits = [
      Int(RLIMIT_NOFILE.rawValue): .init(soft: 100, hard: .max), Int(RLIMIT_CORE.rawValue): .init(soft: 0, hard: 0),
      6: .init(soft: .max, hard: .max),
    ]
    #expect(configuration.jobs == jobs)
  }

  @Test func anEmptyFileIsEnough() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", "")
    let loaded = try AgentConfiguration.load(file: file, environment: ["HOME": "/h"], isRoot: false)
    var expected = DefaultPaths(environment: ["HOME": "/h"], isRoot: false).configuration
    (expected.file, expected.isFileNamed) = (file, true)
    #expect(loaded == expected)
  }

  @Test func theFileIsLookedUpInOrder() throws {
    let folder = try TemporaryFolder()
    try Folder.make(folder.path("agentd"), mode: 0o700)
    try folder.write("agentd/agentd.toml", "[jobs]\nmax_running = 1\n")
    let second = try folder.write("second.toml", "[jobs]\nmax_running = 2\n")
    let third = try folder.write("third.toml", "[jobs]\nmax_running = 3\n")
    var environment = ["HOME": "/nonexistent", "XDG_CONFIG_HOME": folder.path]
    #expect(try AgentConfiguration.load(file: nil, environment: environment, isRoot: false).jobs.maxRunning == 1)
    environment["AGENTD_CONFIG"] = second
    #expect(try AgentConfiguration.load(file: nil, environment: environment, isRoot: false).jobs.maxRunning == 2)
    #expect(try AgentConfiguration.load(file: third, environment: environment, isRoot: false).jobs.maxRunning == 3)
  }

  @Test(arguments: [("/nonexistent/a.toml", [:]), (nil, ["AGENTD_CONFIG": "/nonexistent/a.toml"])])
  func aNamedFileMustExist(file: String?, environment: [String: String]) {
    let expected = ConfigurationError(file: "/nonexistent/a.toml", "no such file")
    #expect(throws: expected) { try AgentConfiguration.load(file: file, environment: environment, isRoot: false) }
  }

  @Test(arguments: [mode_t(0o664), 0o646, 0o666])
  func rootReadsNoFileThatOthersCanWrite(mode: mode_t) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", "", mode: mode)
    let text = String(mode, radix: 8)
    let expected = ConfigurationError(
      file: file, "others can write to it (mode \(text)); fix it with: chmod go-w \(file)")
    #expect(throws: expected) { try AgentConfiguration.load(file: file, environment: [:], isRoot: true) }
    #expect(throws: Never.self) { try AgentConfiguration.load(file: file, environment: [:], isRoot: false) }
  }
}

extension AgentConfigurationTests {
  @Test(arguments: [
    ("listener_user = \"nobody\"\n", "daemon"),
    ("listener_user = \"nobody\"\n[jobs]\ndefault_user = \"nobody\"\n", "nobody"),
    ("signer_user = \"nobody\"\n", "daemon"), ("listener_user = \"games\"\n", "nobody"), ("", "nobody"),
    ("listener_user = \"nobody\"\n[jobs]\ndefault_user = \"games\"\n", "games"),
  ])
  func theDefaultUserIsNoneOfAgentds(text: String, user: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("agentd.toml", "[process]\n\(text)")
    let configuration = try AgentConfiguration.load(file: file, environment: ["HOME": "/root"], isRoot: true)
    #expect(configuration.jobs.defaultUser == user)
  }
}
