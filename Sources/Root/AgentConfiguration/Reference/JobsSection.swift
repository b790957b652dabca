import AgentProtocol

extension ConfigurationReference {
  static let jobs = ConfigurationSection(
    header: "[jobs]", text: [],
    keys: [
      ConfigurationKey(
        "max_running", .number(1...10_000), default: "64", "The most jobs that run at a time. Further ones wait."),
      ConfigurationKey(
        "max_queued", .number(0...1_000_000), default: "10000",
        "The most jobs that wait. Further ones are refused, and the scheduler is told to try again later."),
      ConfigurationKey(
        "default_user", .string("the name of a user"), default: #""nobody""#,
        """
        The user of a job that names none. Ignored when agentd is not started as root: all jobs then run as the user \
        who did.
        """),
      ConfigurationKey(
        "output_limit", .number(0...Int.max), default: "1073741824",
        """
        The most bytes of output of a job whose request names no output_limit. A job that writes more is killed, and \
        what it wrote beyond the limit is dropped.
        """),
      ConfigurationKey(
        "keep_days", .number(0...36_500), default: "30",
        "For how many days jobs that have ended are kept, with their output; 0 is no limit."),
      ConfigurationKey(
        "keep_count", .number(0...Int.max), default: "100000",
        "How many jobs that have ended are kept. Beyond, those are forgotten first that ended first; 0 is no limit."),
      ConfigurationKey(
        "keep_bytes", .number(0...Int.max), default: "10737418240",
        """
        How many bytes of output are kept of jobs that have ended. Beyond, those are forgotten first that ended first; \
        0 is no limit.
        """),
      ConfigurationKey(
        "disk_floor", .number(0...Int.max), example: "67108864",
        """
        The free bytes that have to be left on the disk of the state folder for a job to be taken in; otherwise \
        schedulers get 507. Default: 64 MiB, or a twentieth of the disk where that is less. 0: as long as anything can \
        be written.
        """),
      ConfigurationKey(
        "cgroup", .string("auto, off, or an absolute path"), default: #""auto""#,
        """
        Where each job gets a control group (cgroup2) of its own, which ends it as one, counts what it uses, and holds \
        it to the limits that its request names. auto: in the folder that systemd gives to agentd (Delegate=yes), or \
        in agentd's own group where there is no systemd; off; or a folder of a cgroup2 file system. Without control \
        groups jobs are ended as well, but requests with limits are refused.
        """),
      ConfigurationKey(
        "input_limit", .number(0...JobRequest.Limits.inputBytes), default: "262144",
        "The most bytes of what a job reads (stdin), and of a script. More is refused."),
      ConfigurationKey(
        "umask", .string("three octal digits"), default: #""022""#, "The umask of a job whose request names none."),
      ConfigurationKey(
        "login_shell_required", .flag, default: "false",
        """
        Whether users whose login shell is nologin, false or the like get no jobs. Most accounts that only run jobs \
        are such users, nobody among them. Expired accounts never get any. A request with "login" needs a login shell \
        in any case.
        """),
    ])

  static let pool = ConfigurationSection(
    header: "[jobs.pools.backup]",
    text: [
      """
      Pools hold jobs of one kind to a number of their own, below max_running. A request chooses one by its name, \
      which is 1 to 64 letters, digits, dots, hyphens or underscores; the pool's jobs beyond the number wait, and \
      others overtake them. Of the jobs that could run, the next is one of the client that has the fewest running. \
      There can be 100 pools.
      """
    ],
    keys: [
      ConfigurationKey(
        "max_running", .number(1...10_000), example: "2", "The most jobs of the pool that run at a time; must be there."
      )
    ], isExample: true)

  static let processLimits = ConfigurationSection(
    header: "[jobs.limits]",
    text: [
      """
      Limits of each process of a job, by the names of limits.conf(5). A number in the unit of setrlimit(2), \
      "unlimited", or "SOFT:HARD" of these. What is not named is inherited from agentd, but for nofile, of which 1024 \
      are in force.
      """
    ],
    keys: [
      limit("cpu", "3600", "Seconds of processor time."),
      limit("fsize", "1073741824", "The largest file that it writes, in bytes."),
      limit("data", "1073741824", "The data segment, in bytes."),
      limit("stack", "8388608", "The stack, in bytes."),
      limit("core", "0", "The largest core dump, in bytes."),
      limit("rss", #""unlimited""#, "Without effect since Linux 2.4.30."),
      limit("nproc", "4096", "Processes of the job's user, those of its other jobs and sessions included."),
      limit("nofile", #""4096:524288""#, "Open files."),
      limit("memlock", "8388608", "Memory that is locked, in bytes."),
      limit("as", "4294967296", "The address space, in bytes."),
      limit("locks", #""unlimited""#, "Without effect since Linux 2.4.25."),
      limit("sigpending", "4096", "Signals that are pending, of the user."),
      limit("msgqueue", "819200", "Bytes in POSIX message queues, of the user."),
      limit("nice", "20", "The ceiling of the nice value, as 20 minus that value."),
      limit("rtprio", "0", "The ceiling of the real-time priority."),
      limit("rttime", "200000", "Microseconds of processor time of a real-time process without a blocking call."),
    ])

  private static func limit(_ name: String, _ value: String, _ text: String) -> ConfigurationKey {
    ConfigurationKey(name, .other("whole number or string"), example: value, text)
  }
}
