extension ConfigurationReference {
  static let client = ConfigurationSection(
    header: "[[client]]",
    text: [
      """
      Which client may do what. Without any table, every accepted client may run jobs as any user but root, and see all \
      jobs. With tables, the first table that matches the client applies; a client that matches none is refused. \
      agentd -t --as CLIENT --user USER -- COMMAND shows which table applies and what it decides.
      """
    ],
    keys: [
      ConfigurationKey(
        "certificate", .string("required"), example: #""CN=scheduler,O=Example""#,
        """
        The client that the table is for: the SHA-256 thumbprint of one certificate ("5D:0C:...", with or without colons); a \
        subject as agentd's log shows it ("CN=scheduler,O=Example"); an alternative name ("DNS:host", \
        "email:user@host", "URI:uri"; a wildcard is a name like any other); or "*" for everybody.
        """),
      ConfigurationKey(
        "users", .strings("the names of users"), example: #"["batch"]"#,
        "The users that jobs may run as. Default: any but root and agentd's own."),
      ConfigurationKey(
        "default_user", .string("the name of a user"), example: #""batch""#,
        """
        The user of a job that names none; if there are users, it has to be among them. Without it that is the one of [jobs] for a \
        client that may see all jobs; a client that may see its own alone has to name one. Jobs of one user can reach each other, so \
        give each such client users of its own.
        """),
      ConfigurationKey(
        "allow_root", .flag, default: "false",
        "Whether jobs may run as root. If users is given, it must also name root."),
      ConfigurationKey(
        "groups", .strings("the names of groups"), example: #"["batch"]"#,
        "The groups that a request may name, if its user is a member of them. Default: all groups of the user."),
      ConfigurationKey(
        "commands", .strings("patterns of absolute paths"), example: #"["/usr/bin/sort", "/opt/jobs/*"]"#,
        """
        The programs that jobs may run, as glob(7) patterns. Default: any. With it, a request must name its program by its \
        absolute path, and only root may be able to change the program and every folder and symbolic link on its path. \
        Scripts and login shells are refused. The client chooses the arguments: do not list shells, interpreters or \
        programs that run others.
        """),
      ConfigurationKey(
        "environment", .strings("names of variables"), example: #"["LC_*", "TZ"]"#,
        """
        The environment variables that a request may set: names, or beginnings with a star behind them. Without it, any, or, with \
        commands, none: many programs run another one that a variable names (TAR_OPTIONS, GIT_EXTERNAL_DIFF). Variables \
        that change what any program loads or runs (LD_PRELOAD, PATH, LANG with a slash) are refused whatever it says.
        """),
      ConfigurationKey(
        "leave_processes", .flag, default: "true",
        "Whether its jobs may leave processes running, if leave_processes of [jobs] allows it."),
      ConfigurationKey(
        "jobs", .oneOf(ClientTable.Jobs.allCases.map(\.rawValue)), default: #""own""#,
        """
        The jobs that the client may see, cancel and delete: "own" for those submitted with the same subject, which a \
        renewed certificate keeps, or "all". Give each scheduler its own subject.
        """),
      ConfigurationKey("read_only", .flag, default: "false", "Whether the client may only look at jobs."),
      ConfigurationKey(
        "pool", .string("the name of a pool"), example: #""backup""#,
        "The pool of [jobs.pools] that all its jobs run in. Default: the pool that the request names."),
    ], isExample: true)
}
