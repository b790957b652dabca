import AgentProtocol

/// All of agentd.toml.
enum ConfigurationReference {
  /// The sections in the order in which they are printed.
  static let sections = [paths, process, tls, limits, client, jobs, pool, processLimits]

  static let paths = ConfigurationSection(
    header: "[paths]",
    text: [
      """
      Relative paths begin at the folder of this file. Started by an ordinary user, the defaults are below \
      ~/.config/agentd and ~/.local/state/agentd (XDG_CONFIG_HOME, XDG_STATE_HOME), and $XDG_RUNTIME_DIR/agentd for \
      runtime.
      """
    ],
    keys: [
      ConfigurationKey(
        "store", .path, default: #""/etc/agentd/store""#,
        "The certificates, private keys, trusted roots and revocation lists; a folder, mode 0700, kept by agent-register."
      ),
      ConfigurationKey(
        "listener", .path, default: #""/etc/agentd/listener.toml""#,
        "The listener's configuration; a file, written by agent-register -L."),
      ConfigurationKey(
        "state", .path, default: #""/var/lib/agentd""#,
        "The record of jobs and their output; a folder that must survive a boot.", change: .restart),
      ConfigurationKey(
        "runtime", .path, default: #""/run/agentd""#,
        "The pid file; a folder that need not survive a boot.", change: .restart),
    ])

  static let process = ConfigurationSection(
    header: "[process]", text: [],
    keys: [
      ConfigurationKey(
        "listener_user", .string("the name of a user"), default: #""agentd""#,
        "The user that the network side runs as. It needs no files and no rights. Ignored when agentd is not started as root."
      ),
      ConfigurationKey(
        "signer_user", .string("the name of a user"), default: #""agentd-signer""#,
        """
        The user of the process that has the private key; it should be no other process's. Without it, and with listener_user: \
        agentd-signer if there is such a user, else listener_user, with a warning.
        """),
      ConfigurationKey(
        "log_level", .oneOf(AgentConfiguration.LogLevel.allCases.map(\.rawValue)), default: #""info""#,
        "The least important messages that are logged."),
      ConfigurationKey(
        "log_file", .path, default: #""/var/log/agentd.log""#,
        """
        Where agentd logs to once it has detached. With -F, and under systemd, it logs to standard error instead. Of \
        an ordinary user: agentd.log in the state folder. A reload opens it anew: that is all that a rotation needs.
        """),
      ConfigurationKey(
        "log_format", .oneOf(AgentConfiguration.LogFormat.allCases.map(\.rawValue)), default: #""text""#,
        """
        How an event is written: text for people; logfmt or json, one line or object an event, for programs. Into the journal \
        each begins with its priority in place of the time.
        """),
      ConfigurationKey(
        "audit_log", .string("log, syslog, or an absolute path"), default: #""log""#,
        """
        Where it is written who asked for what, and what was answered: with all else that is logged; to the system's log, of the \
        facility authpriv; or to a file of its own, which may be renamed at any time: a new one is made then. What cannot be \
        written there is in agentd's log.
        """),
      ConfigurationKey(
        "agent_name", .string("1 to 253 letters, digits, dots, hyphens or underscores"),
        example: #""agent01.example.com""#,
        "The name by which schedulers know this agent. Default: the host's name."),
    ])

  static let tls = ConfigurationSection(
    header: "[tls]", text: [],
    keys: [
      ConfigurationKey(
        "crl_expired", .oneOf(AgentConfiguration.CRLExpired.allCases.map(\.rawValue)), default: #""refuse""#,
        """
        What becomes of the clients of a CA whose imported revocation list is out of date. With warn they are let in \
        unless the old list names them. Either way the log says so at every start and reload. Import a new list with \
        agent-register -I in time. A CA without an imported list revokes nothing.
        """)
    ])

  static let limits = ConfigurationSection(
    header: "[limits]", text: [],
    keys: [
      ConfigurationKey(
        "connections", .number(1...1_000_000), default: "10000",
        """
        Connections of clients that have shown their certificate. Above 30000, raise LimitNOFILE= of the unit as well \
        (two for each).
        """),
      ConfigurationKey(
        "connections_per_source", .number(1...1_000_000), default: "5000",
        "The same, of one IPv4 address or IPv6 /64 network. Schedulers behind one address share it."),
      ConfigurationKey(
        "unauthenticated", .string("START:RATE:FULL, with START from 1 to FULL, RATE from 1 to 100 and FULL to 100000"),
        default: #""500:30:1000""#,
        """
        Connections that have not shown their certificate yet, as MaxStartups of sshd_config(5): up to START none is \
        dropped, from there on each new one with a probability of RATE percent, which grows to 100 percent at FULL. \
        They do not count against those above, and addresses from which a client has lately come in are not among \
        those that are dropped.
        """),
      ConfigurationKey(
        "unauthenticated_per_source", .number(1...100_000), default: "250",
        "The same, of one address; further ones are closed at once."),
      ConfigurationKey(
        "handshake_timeout", .number(1...600), default: "10",
        "Seconds from the acceptance of a connection to the end of its TLS handshake."),
      ConfigurationKey(
        "idle_timeout", .number(1...86_400), default: "300", "Seconds that a connection may be without a request."),
      ConfigurationKey(
        "requests_per_connection", .number(1...1_000_000_000), default: "100000",
        "Requests of one connection; then it is closed in good order, and the client opens another."),
    ])
}
