extension ConfigurationReference {
  static let client = ConfigurationSection(
    header: "[[client]]",
    text: [
      """
      Which client may do what. Without any table, every client that is let in may run jobs as any user but root, and \
      see all jobs. With tables, the first one whose certificate is the client's rules, and a client that none is for \
      is refused everything. agentd -t --as CLIENT --user USER -- COMMAND says which one that is, and what it comes \
      to.
      """
    ],
    keys: [
      ConfigurationKey(
        "certificate", .string("must be there"), example: #""CN=scheduler,O=Example""#,
        """
        Whom the table is for: the SHA-256 thumbprint of one certificate ("5D:0C:...", with or without colons); a \
        subject as agentd's log shows it ("CN=scheduler,O=Example"); an alternative name ("DNS:host", \
        "email:user@host", "URI:uri"; a wildcard is a name like any other); or "*" for everybody.
        """),
      ConfigurationKey(
        "users", .strings("the names of users"), example: #"["batch"]"#,
        "The users that jobs may run as. Without it, any but root."),
      ConfigurationKey(
        "allow_root", .flag, default: "false",
        "Whether jobs may run as root. If there are users, root has to be among them."),
      ConfigurationKey(
        "groups", .strings("the names of groups"), example: #"["batch"]"#,
        "The groups that a request may name, of those that its user is a member of. Without it, any of those."),
      ConfigurationKey(
        "commands", .strings("patterns of absolute paths"), example: #"["/usr/bin/sort", "/opt/jobs/*"]"#,
        """
        The programs that jobs may be, as patterns in the manner of glob(7). Without it, any. A request then has to \
        name its program by its absolute path, and every folder and symbolic link on the way, and the program itself, \
        have to be root's alone to change; scripts and login shells are refused. Arguments are the client's to choose: \
        do not list shells, interpreters, or programs that run others.
        """),
      ConfigurationKey(
        "jobs", .oneOf(ClientTable.Jobs.allCases.map(\.rawValue)), default: #""own""#,
        """
        The jobs that it may see, cancel and delete: "own" are those that were submitted with the same subject, which \
        a renewed certificate keeps; "all" are all. Give each scheduler a subject of its own.
        """),
      ConfigurationKey("read_only", .flag, default: "false", "Whether it may only look."),
      ConfigurationKey(
        "pool", .string("the name of a pool"), example: #""backup""#,
        "The pool that all its jobs run in, of those below. Without it, the one that a request names."),
    ], isExample: true)
}
