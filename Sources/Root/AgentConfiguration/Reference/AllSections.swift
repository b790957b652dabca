import AgentProtocol

/// The reference of agentd.toml.
enum ConfigurationReference {
  /// The sections, in the order in which they are printed.
  static let sections = [paths, process, tls, limits, client, jobs, pool, processLimits]

  static let paths = ConfigurationSection(
    header: "[paths]",
    text: [
      """
      Relative paths start in the folder of this file. For an ordinary user the defaults are below ~/.config/agentd and \
      ~/.local/state/agentd (XDG_CONFIG_HOME, XDG_STATE_HOME), and in $XDG_RUNTIME_DIR/agentd for runtime.
      """
    ],
    keys: [
      ConfigurationKey(
        "store", .path, default: #""/etc/agentd/store""#,
        "The folder with certificates, private keys, trusted roots and revocation lists; mode 0700, kept by agent-register."
      ),
      ConfigurationKey(
        "listener", .path, default: #""/etc/agentd/listener.toml""#,
        "The listener's configuration file, which agent-register -L writes."),
      ConfigurationKey(
        "state", .path, default: #""/var/lib/agentd""#,
        "The folder with the record of jobs and their output; it must survive a reboot.", change: .restart),
      ConfigurationKey(
        "runtime", .path, default: #""/run/agentd""#,
        "The folder with the pid file; it need not survive a reboot.", change: .restart),
    ])

  static let process = ConfigurationSection(
    header: "[process]", text: [],
    keys: [
      ConfigurationKey(
        "listener_user", .string("the name of a user"), default: #""agentd""#,
        "The user that the network side runs as. It needs no files and no rights. Ignored unless agentd is started as root."
      ),
      ConfigurationKey(
        "signer_user", .string("the name of a user"), default: #""agentd-signer""#,
        """
        The user of the process that has the private key; it should be no other process's. Without it, and with listener_user: \
        agentd-signer if there is such a user, else listener_user, with a warning.
        """),
      ConfigurationKey(
        "log_level", .oneOf(AgentConfiguration.LogLevel.allCases.map(\.rawValue)), default: #""info""#,
        "Log messages of this level and above."),
      ConfigurationKey(
        "log_file", .path, default: #""/var/log/agentd.log""#,
        """
        The log file of a detached agentd. With -F, and under systemd, it logs to standard error instead. For an \
        ordinary user: agentd.log in the state folder. To rotate it, rename the file and reload: agentd opens a new one.
        """),
      ConfigurationKey(
        "log_format", .oneOf(AgentConfiguration.LogFormat.allCases.map(\.rawValue)), default: #""text""#,
        """
        The format of log lines: text for people; logfmt or json for programs, one line or object per event. In the journal a \
        line starts with its priority instead of the time.
        """),
      ConfigurationKey(
        "audit_log", .string("log, syslog, or an absolute path"), default: #""log""#,
        """
        Where to log who asked for what and what was answered. log: with all other messages; syslog: to the system's log, \
        facility authpriv; or a separate file, which you may rename at any time: agentd then makes a new one. The packages rotate \
        /var/log/agentd-audit.log. What cannot be written there goes to agentd's log. Each line has the client, its address, the job with its program and the first 1024 bytes \
        of its arguments, user and directory, the SHA-256 of script and request, and the answer.
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
        "crl_expired", .oneOf(AgentConfiguration.CRLExpired.allCases.map(\.rawValue)), default: #""warn""#,
        """
        What to do with clients of a CA whose revocation list has expired. warn: accept them unless the expired list names \
        them: its entries still count, later ones are missing. refuse: refuse them all until there is a newer list. In both \
        cases agentd warns from the last third of the list's time on, in its log, in GET /v1/agent and in GET /metrics. \
        Without a list a CA revokes nothing.
        """),
      ConfigurationKey(
        "crl_refresh", .number(0...21_600), default: "300",
        """
        Seconds after which agentd asks the enrolment service (agent-register -L -s) for newer revocation lists of the imported roots; \
        10 or more, and up to a tenth earlier or later. 0: only when a client says that there is one (POST /v1/agent/refresh). What \
        comes is imported only as agent-register -I would: signature, issuer, number and dates decide. At most six hours, so that a \
        list, of which the next one is published when half of its time has passed, is fetched before it is due.
        """),
    ])

  static let limits = ConfigurationSection(
    header: "[limits]", text: [],
    keys: [
      ConfigurationKey(
        "connections", .number(1...1_000_000), default: "10000",
        """
        Maximum number of authenticated connections. A single client gets seven eighths of them at most: the rest is for others. Above \
        30000, also raise LimitNOFILE= of the unit, by two for each.
        """),
      ConfigurationKey(
        "connections_per_source", .number(1...1_000_000), default: "5000",
        "The same for one IPv4 address or IPv6 /64 network. Schedulers behind one address share it."),
      ConfigurationKey(
        "unauthenticated", .string("START:RATE:FULL, with START from 1 to FULL, RATE from 1 to 100 and FULL to 100000"),
        default: #""500:30:1000""#,
        """
        Limit on connections that have not authenticated yet, like MaxStartups in sshd_config(5). From START connections \
        on, agentd drops a new one with a probability of RATE percent, which grows to 100 percent at FULL. These \
        connections do not count against the limits above. Addresses of recently accepted clients are exempt.
        """),
      ConfigurationKey(
        "unauthenticated_per_source", .number(1...100_000), default: "250",
        "The same for one address; agentd closes further connections at once."),
      ConfigurationKey(
        "handshake_timeout", .number(1...600), default: "10",
        "How long a connection may take to complete its TLS handshake: seconds, or a time such as \"10s\"."),
      ConfigurationKey(
        "idle_timeout", .number(1...86_400), default: "300",
        "How long a connection may stay open without a request: seconds, or a time such as \"5m\"."),
      ConfigurationKey(
        "requests_per_connection", .number(1...1_000_000_000), default: "100000",
        "Maximum number of requests on one connection. agentd then closes it cleanly, and the client opens another."),
    ])
}
