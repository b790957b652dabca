import AgentProtocol

extension ConfigurationReference {
  static let jobs = ConfigurationSection(
    header: "[jobs]", text: [],
    keys: [
      ConfigurationKey(
        "max_running", .number(1...10_000), default: "64", "Maximum number of jobs that run at once. More jobs wait."),
      ConfigurationKey(
        "max_queued", .number(0...1_000_000), default: "10000",
        """
        Maximum number of jobs that wait. More are refused, and the scheduler is told to try again later. One client \
        gets at most seven eighths of the places that others leave.
        """),
      ConfigurationKey(
        "default_user", .string("the name of a user"), default: #""nobody""#,
        """
        The user of a job that names none. Ignored unless agentd is started as root: all jobs then run as the user who \
        started it. If agentd itself runs as nobody, the default is daemon: no job runs as a user of agentd's own.
        """),
      ConfigurationKey(
        "output_limit", .number(0...Int.max), default: "1073741824",
        """
        Maximum bytes of a job's output. A request may name a lower output_limit, not a higher one. A job that writes more \
        is killed, and the excess is dropped.
        """),
      ConfigurationKey(
        "keep_days", .number(0...36_500), default: "30",
        """
        Days to keep finished jobs with their output; 0 means no limit. Only days in which agentd ran count, and one for each \
        break: a clock that is wrong for a while deletes nothing.
        """),
      ConfigurationKey(
        "keep_count", .number(0...Int.max), default: "100000",
        """
        Maximum number of finished jobs to keep; 0 means no limit. When there are more, the client with the most loses its oldest. The \
        id of a job that is forgotten for keep_count or keep_bytes stays spent for keep_days: submitted again, the job is not run.
        """),
      ConfigurationKey(
        "keep_bytes", .number(0...Int.max), default: "10737418240",
        """
        Maximum bytes on the disk for the output of finished jobs; 0 means no limit. When it takes more, the client \
        whose output takes most loses its oldest job.
        """),
      ConfigurationKey(
        "disk_floor", .number(0...Int.max), example: "67108864",
        """
        Free bytes that the disk of the state folder must have for agentd to accept a job; with less, schedulers get \
        status 507. Default: 64 MiB, or a twentieth of the disk if that is less. 0: accept jobs until the disk is full.
        """),
      ConfigurationKey(
        "cgroup", .string("auto, off, or an absolute path"), default: #""auto""#,
        """
        Where agentd makes a control group (cgroup2) for each job. The group ends all of the job's processes together, \
        counts what they use and enforces the limits of the request. auto: in the folder that systemd delegates to \
        agentd (Delegate=yes), or in agentd's own group without systemd; off: no groups; or a folder in a cgroup2 file \
        system. Without control groups jobs still end completely, but requests with limits are refused.
        """),
      ConfigurationKey(
        "input_limit", .number(0...JobRequest.Limits.inputBytes), default: "262144",
        "Maximum bytes of a job's stdin and of its script. More is refused."),
      ConfigurationKey(
        "leave_processes", .flag, default: "true",
        """
        Whether a request may have the processes that its job leaves keep running (leave_processes), such as a daemon \
        that a deployment starts. false: such requests are refused. Other jobs end with all their processes.
        """),
      ConfigurationKey(
        "umask", .string("three octal digits"), default: #""022""#, "The umask of a job whose request names none."),
      ConfigurationKey(
        "login_shell_required", .flag, default: "false",
        """
        Whether to refuse jobs of users whose login shell is nologin, false or the like. Most accounts that only run jobs \
        have such a shell, nobody included. Jobs of expired accounts are always refused. A request with "login" always \
        needs a login shell.
        """),
    ])

  static let pool = ConfigurationSection(
    header: "[jobs.pools.backup]",
    text: [
      """
      A pool limits how many jobs of one kind run at once, within max_running. A request chooses a pool by its name: 1 to \
      64 letters, digits, dots, hyphens or underscores. Jobs beyond the pool's limit wait, and other jobs overtake \
      them. Of the jobs that can run, agentd next starts one of the client with the fewest running jobs. The maximum \
      is 100 pools.
      """
    ],
    keys: [
      ConfigurationKey(
        "max_running", .number(1...10_000), example: "2",
        "Maximum number of the pool's jobs that run at once; required."
      )
    ], isExample: true)

  static let processLimits = ConfigurationSection(
    header: "[jobs.limits]",
    text: [
      """
      Limits on each process of a job, with the names of limits.conf(5). A value is a number in the unit of \
      setrlimit(2), "unlimited", or "SOFT:HARD" of these. Jobs inherit all other limits from agentd, except nofile, \
      whose default is 1024.
      """
    ],
    keys: [
      limit("cpu", "3600", "Seconds of CPU time."),
      limit("fsize", "1073741824", "Maximum size of a file that it writes, in bytes."),
      limit("data", "1073741824", "Maximum size of the data segment, in bytes."),
      limit("stack", "8388608", "Maximum size of the stack, in bytes."),
      limit("core", "0", "Maximum size of a core dump, in bytes."),
      limit("rss", #""unlimited""#, "No effect since Linux 2.4.30."),
      limit("nproc", "4096", "Processes of the job's user, including those of its other jobs and sessions."),
      limit("nofile", #""4096:524288""#, "Open files."),
      limit("memlock", "8388608", "Locked memory, in bytes."),
      limit("as", "4294967296", "Maximum size of the address space, in bytes."),
      limit("locks", #""unlimited""#, "No effect since Linux 2.4.25."),
      limit("sigpending", "4096", "Pending signals of the user."),
      limit("msgqueue", "819200", "Bytes in POSIX message queues of the user."),
      limit("nice", "20", "Ceiling of the nice value, as 20 minus that value."),
      limit("rtprio", "0", "Ceiling of the real-time priority."),
      limit("rttime", "200000", "Microseconds of CPU time that a real-time process may use without a blocking call."),
    ])

  private static func limit(_ name: String, _ value: String, _ text: String) -> ConfigurationKey {
    ConfigurationKey(name, .other("whole number or string"), example: value, text)
  }
}
