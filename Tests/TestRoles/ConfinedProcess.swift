import CLinux
import Glibc
import Sandbox
import SystemCalls

/// A process that confines itself and then tries forbidden calls.
enum ConfinedProcess {
  /// `PLACE CALL`: enters that confinement, makes the call, and prints the errno value, or `0` if the call was made.
  static func attempt(_ arguments: [String]) throws {
    guard arguments.count == 2, let call = calls[arguments[1]] else { exit(EX_USAGE) }
    try enter(arguments[0])
    let result = call()
    // The child of a fork.
    if getpid() != process { _exit(0) }
    print(result < 0 ? errno : 0)
  }

  /// Without landlock and seccomp: prints the resulting messages, then whether files can be opened.
  static func attemptOnOldKernel(_ arguments: [String]) throws {
    clinux_forbid_new_privileges()
    try CallFilter(
      [.init(SYS_landlock_create_ruleset, .fail(ENOSYS)), .init(SYS_seccomp, .fail(ENOSYS))], otherwise: .allow
    ).install()
    for gap in Confinement.listener.enter() { print(gap) }
    print(open("/dev/null", O_RDONLY) >= 0 ? "open" : "refused")
  }

  private static let process = getpid()

  private static func enter(_ place: String) throws {
    _ = process
    switch place {
    case "listener": for gap in Confinement.listener.enter() { print(gap) }
    case "signer": for gap in Confinement.signer.enter() { print(gap) }
    case "renewal":
      var reach = Reach()
      reach.readable = Reach.nameServices
      for gap in Confinement.renewal(reach).enter() { print(gap) }
    case "landlock":
      clinux_forbid_new_privileges()
      try Landlock.deny()
    case "outside": break
    default: exit(EX_USAGE)
    }
  }

  /// syscall(2), which Swift cannot import because it is variadic; both architectures pass integer arguments the same way.
  private static let raw = unsafeBitCast(dlsym(nil, "syscall"), to: Syscall.self)
  private typealias Syscall = @convention(c) (Int, Int, Int, Int, Int, Int, Int) -> Int

  private static func call(_ number: Int32, _ first: Int = 0, _ second: Int = 0, _ third: Int = 0, _ fourth: Int = 0)
    -> Int
  {
    raw(Int(number), first, second, third, fourth, 0, 0)
  }

  private static let calls: [String: @Sendable () -> Int] = [
    "open": { Int(open("/dev/null", O_RDONLY)) },
    "open-hosts": { Int(open("/etc/hosts", O_RDONLY)) },
    "parent-environment": { Int(open("/proc/\(getppid())/environ", O_RDONLY)) },
    "change-hosts": { Int(open("/etc/hosts", O_RDWR)) },
    "connect": {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(1).bigEndian
      let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      return Int(result)
    },
    "make-file": { Int(open("/tmp/agentd-confined", O_WRONLY | O_CREAT, 0o600)) },
    "list-folder": { opendir("/") == nil ? -1 : 0 },
    "stat": {
      "/".withCString { call(SYS_newfstatat, Int(AT_FDCWD), Int(bitPattern: $0), Int(bitPattern: malloc(512))) }
    },
    "socket-inet": { Int(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)) },
    "socket-unix": { Int(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)) },
    "execve": { "/bin/true".withCString { execute($0) } },
    "ptrace": { call(SYS_ptrace, 0) },
    "read-memory": { call(SYS_process_vm_readv, Int(getppid())) },
    "fork": { call(SYS_clone, Int(SIGCHLD)) },
    "signal-parent": { Int(kill(getppid(), 0)) },
    "signal-parent-thread": { call(SYS_tgkill, Int(getppid()), Int(getppid()), 0) },
    "signal-self": { call(SYS_tgkill, Int(getpid()), Int(getpid()), 0) },
    "map-executable": {
      mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0
    },
    "make-executable": {
      Int(mprotect(mmap(nil, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096, PROT_READ | PROT_EXEC))
    },
    "thread": {
      var thread = pthread_t()
      let code = pthread_create(&thread, nil, { _ in nil }, nil)
      errno = code
      return code == 0 ? 0 : -1
    },
    "io_uring": { call(SYS_io_uring_setup, 1, Int(bitPattern: calloc(1, 256))) },
    "new-user-namespace": { call(SYS_unshare, 0x1000_0000) },
    "terminal-input": { call(SYS_ioctl, 0, 0x5412, Int(bitPattern: calloc(1, 8))) },
    "x32": { call(0x4000_0000 | SYS_getpid) },
    "allocate": { malloc(64 << 20) == nil ? -1 : 0 },
    "write": { write(2, "", 0) },
    "give-pages-back": { ProgramPages.giveBack() > 0 ? 0 : -1 },
  ]

  private static func execute(_ path: UnsafePointer<CChar>) -> Int {
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
    return Int(execve(path, &arguments, environ))
  }
}
