// Goal: where a container runtime or kernel refuses a system call, agentd does without it, or ends at once with one line that says what is
// needed; and where there is no /proc, programs have their arguments, or say so.
import AgentProtocol
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root may set a system call filter without other effects"))
struct OldKernelsAndRuntimesAreNamed {
  private static let without = ["clone3", "pidfd_open", "pidfd_send_signal", "memfd_create", "execveat", "getrandom"]
    .flatMap { call in ["EPERM", "ENOSYS"].map { (call, $0) } }.filter { $0 != ("clone3", "ENOSYS") }

  /// Each call that agentd, or the C library under it, cannot do without.
  @Test(arguments: without) func whatIsNeededIsNamed(_ call: String, _ error: String) async throws {
    let agent = try await Installation()
    try await agent.register()
    for arguments in [["-F"], ["-t"]] {
      let result = try await TestProcess(
        Self.filter(error, call) + ["\(agent.folder.path("bin"))/jams-agentd"] + arguments,
        environment: agent.environment, directory: agent.folder.path
      ).end()
      let reason = error == "EPERM" ? "Operation not permitted" : "Function not implemented"
      #expect(result.end == .exited(EX_OSERR), "\(call) \(error): \(result.end) \(result.errorText)")
      #expect(
        result.errorText.hasPrefix("agentd: the kernel or container runtime refuses \(call): \(reason); "),
        "\(result.errorText)")
      #expect(result.errorText.split(separator: "\n").count == 1)
    }
  }

  /// What there is another way for. A job with a control group is moved there.
  @Test(arguments: [
    ("EPERM", ["close_range"]), ("ENOSYS", ["close_range"]), ("ENOSYS", ["clone3"]),
    ("ENOSYS", ["clone3", "close_range"]),
    ("EPERM", ["openat2", "faccessat2", "statx", "landlock_create_ruleset"]),
    ("ENOSYS", ["openat2", "faccessat2", "statx", "landlock_create_ruleset"]),
  ])
  func whatThereIsAnotherWayForIsNotNeeded(_ error: String, _ calls: [String]) async throws {
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(wrapper: Self.filter(error, calls.joined(separator: ",")))
    let job = try await agent.finish(
      "look", ["/usr/bin/python3", "-I", "-c", "import os; print(sorted(os.listdir('/proc/self/fd')))"])
    // Nothing of agentd is open in the job; python has the folder open as 3.
    #expect(job.output == "['0', '1', '2', '3']\n", "\(job.status.reason ?? "")")
    let script = try await agent.request("PUT", "jobs/script", body: ##"{"script": "#!/bin/sh\necho script"}"##)
    #expect(script.status == 201)
    #expect(try await agent.job("script", wait: 30).state == .succeeded)
  }

  /// A filter that answers system calls with an error, in every process below; seccomp(2).
  private static func filter(_ error: String, _ calls: String) -> [String] {
    ["/usr/bin/python3", "-I", "-c", program, error, calls]
  }

  private static let program = """
    import ctypes, errno, os, platform, struct, sys
    numbers = {"memfd_create": (319, 279), "execveat": (322, 281), "getrandom": (318, 278), "pidfd_send_signal": (424, 424),
               "pidfd_open": (434, 434), "clone3": (435, 435), "close_range": (436, 436), "openat2": (437, 437),
               "faccessat2": (439, 439), "statx": (332, 291), "landlock_create_ruleset": (444, 444)}
    machine = 1 if platform.machine() == "aarch64" else 0
    code = [(0x20, 0, 0, 0)]
    for call in sys.argv[2].split(","):
      code += [(0x15, 0, 1, numbers[call][machine]), (0x06, 0, 0, 0x00050000 | getattr(errno, sys.argv[1]))]
    code.append((0x06, 0, 0, 0x7fff0000))
    buffer = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    class Program(ctypes.Structure): _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
    filter = Program(len(code), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, ctypes.byref(filter), 0, 0): sys.exit(os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[3], sys.argv[3:])
    """

  @Test func withoutProc() async throws {
    let agent = try await Installation()
    try await agent.register()
    func run(_ command: String...) async throws -> ProcessResult {
      try await TestProcess(
        ["unshare", "--mount", "/bin/sh", "-c", "umount -l /proc && exec \"$@\"", "sh"] + command,
        environment: agent.environment, directory: agent.folder.path
      ).end()
    }
    let version = try await run("jams-agentd", "--version")
    #expect(version.end == .exited(0) && version.outputText == "agentd \(agentdVersion)\n", "\(version.errorText)")
    for arguments in [["-F"], ["-t"]] {
      let result = try await run("jams-agentd", arguments[0])
      #expect(result.end == .exited(EX_OSFILE))
      #expect(result.errorText == "agentd: agentd needs /proc, which is not mounted: mount -t proc proc /proc\n")
    }
    // It does what it was told, and not what it does without arguments.
    let list = try await run("jams-register", "-l")
    #expect(list.end == .exited(0) && list.outputText.contains("CN="), "\(list.outputText) \(list.errorText)")
    let unknown = try await run("jams-register", "--no-such-option")
    #expect(unknown.end == .exited(64) && unknown.errorText.contains("--no-such-option"), "\(unknown.errorText)")
    let control = try await run("agentctl", "run", "nowhere", "--", "true")
    #expect(control.end == .exited(EX_OSFILE))
    #expect(control.errorText == "agentctl: agentctl needs /proc, which is not mounted: mount -t proc proc /proc\n")
    // With /proc everything works.
    try await agent.start()
    #expect(try await agent.finish("job", ["/bin/echo", "well"]).output == "well\n")
  }

  /// Root sees all processes with hidepid too, as far as its jobs are concerned.
  @Test func whereProcHidesOtherProcesses() async throws {
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(wrapper: [
      "unshare", "--mount", "/bin/sh", "-c", "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"", "sh",
    ])
    #expect(try await agent.finish("job", ["/bin/sh", "-c", "sleep 1000 & echo well"]).output == "well\n")
    try await agent.submit("long", ["/bin/sh", "-c", "sleep 1000; echo"])
    #expect(try await agent.request("POST", "jobs/long/cancel").status == 200)
    #expect(try await agent.job("long", wait: 30).state == .cancelled)
  }

  /// No program passes on another text than it was given.
  @Test(arguments: [
    ("jams-agentd", ["-c"]), ("jams-register", ["-I"]), ("agentctl", ["run", "nowhere", "--", "/bin/echo"]),
    ("scheduler-register", ["LIST"]),
  ])
  func argumentsThatAreNoTextAreRefused(_ program: String, _ arguments: [String]) async throws {
    let agent = try await Installation()
    let path = program == "scheduler-register" ? try BuiltProduct.path(program) : agent.folder.path("bin/\(program)")
    let result = try await TestProcess(
      [
        "/usr/bin/python3", "-I", "-c",
        "import os, sys; os.execv(sys.argv[1], [*map(os.fsencode, sys.argv[1:]), b'caf\\xe9'])",
      ]
        + [path] + arguments, environment: agent.environment
    ).end()
    let name = program.replacing("jams-agentd", with: "agentd").replacing("jams-register", with: "agent-register")
    #expect(result.end == .exited(EX_USAGE))
    #expect(result.outputText == "")
    #expect(result.errorText == "\(name): argument \(arguments.count + 1) is not UTF-8: caf\\xe9\n")
  }
}
