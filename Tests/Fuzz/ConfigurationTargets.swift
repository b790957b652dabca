@testable import AgentConfiguration

/// agentd.toml and listener.toml, from their bytes to their values.
let configurationTargets = [
  FuzzTarget("agentd-toml", atMost: 8192, words: tomlWords, seeds: { [Array(agentdTOML.utf8)] }) { input in
    try refusingInOneLine {
      var configuration = DefaultPaths(environment: [:], isRoot: true).configuration
      try configuration.read(
        TOMLDocument(input, file: "/etc/agentd/agentd.toml").root, relativeTo: "/etc/agentd/agentd.toml")
      checkLimits(configuration)
    }
  },
  FuzzTarget("listener-toml", atMost: 4096, words: tomlWords, seeds: { [Array(listenerTOML.utf8)] }) { input in
    try refusingInOneLine {
      let listener = try ListenerConfiguration(TOMLDocument(input, file: "/listener.toml").root)
      promise((1...65535).contains(listener.port), "the port is one")
      promise(ListenerConfiguration.fault(of: listener.addresses) == nil, "addresses are valid")
      let again = try ListenerConfiguration(TOMLDocument(Array(listener.text.utf8), file: "/listener.toml").root)
      promise(again == listener, "what is written is read as it was: \(listener.text)")
    }
  },
]

private func refusingInOneLine(_ body: () throws -> Void) throws {
  do { try body() } catch let error as ConfigurationError {
    let text = error.description
    promise(text.hasPrefix("/"), "a refusal names its file: \(text)")
    promise(
      !text.unicodeScalars.contains { $0.properties.generalCategory == .control },
      "in one line: \(text.debugDescription)")
  }
}

private func checkLimits(_ configuration: AgentConfiguration) {
  let (paths, jobs, limits) = (configuration.paths, configuration.jobs, configuration.limits)
  promise(
    [paths.store, paths.listener, paths.state, paths.runtime].allSatisfy { $0.hasPrefix("/") }, "paths are absolute")
  promise((1...10_000).contains(jobs.maxRunning) && (0...1_000_000).contains(jobs.maxQueued), "jobs are bounded")
  promise(jobs.outputLimit >= 0, "output is bounded")
  promise((1...1_000_000).contains(limits.connections), "connections are bounded")
  promise(limits.unauthenticated.start <= limits.unauthenticated.full, "strangers are bounded")
  promise((1...600).contains(limits.handshakeTimeout), "handshakes end")
  promise(
    configuration.clients.allSatisfy { $0.allowRoot || $0.users?.contains("root") != true }, "root is allowed twice")
  let users = [configuration.process.listenerUser, configuration.process.signerUser ?? ""]
  promise(!users.contains { $0.contains("\0") }, "a user's name can be looked up")
}

private let tomlWords = [
  "[paths]", "[process]", "[tls]", "[limits]", "[jobs]", "[[client]]", "CN=", "email:", "URI:", "*", "store",
  "listener", "state", "runtime", "listener_user", "signer_user",
  "log_level", "log_file", "agent_name", "crl_expired", "max_running", "max_queued", "default_user", "output_limit",
  "certificate", "methods", "addresses", "port", "= \"", "\"\"\"", "'''", "\\u0000", "\\U0010FFFF", "[[", "]]", " = {",
  "0x",
  "1979-05-27T07:32:00Z", "inf", "nan", "true", "\r\n", "#", "9223372036854775807",
]

private let agentdTOML = """
  # A comment
  [paths]
  store = "/etc/agentd/store"
  "state" = 'relative'
  [process]
  listener_user = "agentd"
  log_level = "debug"
  agent_name = "host-1.example"
  [tls]
  crl_expired = "warn"
  [limits]
  connections = 20_000
  unauthenticated = "500:30:1000"
  handshake_timeout = 10
  [[client]]
  certificate = "CN=scheduler\\\\, 1,O=#0c0161+OU=Example"
  users = ["batch", "root"]
  allow_root = true
  commands = ["/usr/bin/*"]
  [[client]]
  certificate = "DNS:*.Example.org"
  jobs = "all"
  read_only = true
  [jobs]
  max_running = 0x40
  output_limit = 1073741824
  """

private let listenerTOML = """
  certificate = "\(String(repeating: "0a", count: 32))"
  methods = ["tls"]
  addresses = ["0.0.0.0", "::", "fe80::1%lo"]
  port = 5773

  """
