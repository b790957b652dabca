import CLinux
import Glibc

// Found by strace(1) of both roles at work. Every other call fails with EPERM, so that a library that tries something new (a
// file with a hint, a faster call) goes on without it. Only what no library does by itself ends the process: see `attacks`.
extension CallFilter {
  static let listener = CallFilter(
    allowed(traffic) + allowed(time) + allowed(memory) + allowed(process) + threads + careful
      + fileStatus + attacks, otherwise: .fail(EPERM))

  static let signer = CallFilter(
    allowed([SYS_recvfrom, SYS_sendto, SYS_write, SYS_close]) + allowed(time) + allowed(memory) + allowed(process)
      + careful
      + [
        Rule(SYS_clone, .kill), Rule(SYS_clone3, .kill),
        // Its own.
        Rule(SYS_sched_setaffinity, .allow, where: .isOneOf(0, [0])),
      ] + attacks, otherwise: .fail(EPERM))

  /// What name services, SwiftNIO and the disk take differs from host to host; so only what is denied is named.
  static let renewal = CallFilter(
    denied(neverMade) + denied(forks)
      + [
        Rule(SYS_clone, .allow, where: .has(0, clinux_clone_thread), otherwise: .kill), Rule(SYS_clone3, .fail(ENOSYS)),
      ], otherwise: .allow)

  private static func denied(_ calls: [Int32]) -> [Rule] { calls.map { Rule($0, .kill) } }

  private static func allowed(_ calls: [Int32]) -> [Rule] { calls.map { Rule($0, .allow) } }

  /// On descriptors that are open. accept4(2) alone makes new ones, of the listening sockets; NIO calls listen(2) on those
  /// once more.
  private static let traffic: [Int32] =
    [
      SYS_read, SYS_write, SYS_recvfrom, SYS_sendto, SYS_epoll_ctl, SYS_epoll_pwait, SYS_readv, SYS_writev, SYS_recvmsg,
      SYS_sendmsg, SYS_pread64, SYS_sendfile, SYS_accept4, SYS_accept, SYS_listen, SYS_close, SYS_shutdown,
      SYS_setsockopt, SYS_getsockopt, SYS_getsockname, SYS_getpeername, SYS_lseek, SYS_epoll_create1, SYS_eventfd2,
      SYS_timerfd_create, SYS_timerfd_settime, SYS_ppoll,
    ] + older

  /// Which aarch64 never had.
  #if arch(x86_64)
    private static let older: [Int32] = [SYS_epoll_wait, SYS_epoll_create, SYS_poll]
  #else
    private static let older: [Int32] = []
  #endif

  /// Mostly answered without the kernel; vdso(7).
  private static let time: [Int32] =
    [SYS_clock_gettime, SYS_gettimeofday, SYS_clock_nanosleep, SYS_nanosleep] + olderTime

  /// Where vdso(7) is switched off, or asks the kernel itself, time(2) that fails is 1969, and no certificate valid.
  #if arch(x86_64)
    private static let olderTime: [Int32] = [SYS_time]
  #else
    private static let olderTime: [Int32] = []
  #endif

  private static let memory: [Int32] = [
    SYS_futex, SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise, SYS_mlock, SYS_munlock, SYS_getrandom,
  ]

  private static let process: [Int32] = [
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_getpid,
    SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_sched_yield, SYS_sched_getaffinity, SYS_exit,
    SYS_exit_group,
  ]

  /// Threads, not processes. What clone3(2) is asked for a filter cannot see; without it the C library uses clone(2).
  private static let threads: [Rule] = [
    Rule(SYS_clone, .allow, where: .has(0, clinux_clone_thread), otherwise: .kill), Rule(SYS_clone3, .fail(ENOSYS)),
    Rule(SYS_set_robust_list, .allow), Rule(SYS_rseq, .allow), Rule(SYS_membarrier, .allow),
    Rule(SYS_prctl, .allow, where: .isOneOf(0, [PR_SET_NAME, PR_GET_NAME])),
  ]

  /// Allowed as long as they do not make data executable, signal others, or lift a limit of others.
  private static var careful: [Rule] {
    [
      Rule(SYS_mmap, .allow, where: .lacks(2, PROT_EXEC)), Rule(SYS_mprotect, .allow, where: .lacks(2, PROT_EXEC)),
      // abort(3) sends itself a signal.
      Rule(SYS_tgkill, .allow, where: .isOneOf(0, [getpid()])),
      Rule(SYS_prlimit64, .allow, where: .isOneOf(0, [0])),
      Rule(SYS_fcntl, .allow, where: .isOneOf(1, [F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC])),
    ]
  }

  /// Of descriptors, not of paths: fstat(3) is newfstatat(2) with AT_EMPTY_PATH.
  private static let fileStatus: [Rule] = [
    Rule(SYS_fstat, .allow), Rule(SYS_newfstatat, .allow, where: .isOneOf(3, [clinux_at_empty_path])),
  ]

  /// Nothing that these processes run makes such a call: whoever does has taken the process over, and shall not get to try
  /// the next one.
  private static let attacks: [Rule] =
    denied(neverMade) + denied([SYS_socketpair, SYS_connect, SYS_bind, SYS_memfd_create]) + denied(forks)
    // syslog(3), by which libraries complain.
    + [Rule(SYS_socket, .fail(EPERM), where: .isOneOf(0, [AF_UNIX]), otherwise: .kill)]

  /// By no process of agentd's, whatever it is for.
  private static let neverMade: [Int32] = [
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount, SYS_umount2,
    SYS_chroot, SYS_pivot_root, SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    SYS_io_uring_setup, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_kexec_load, SYS_personality, SYS_pidfd_getfd, SYS_open_by_handle_at, SYS_setuid, SYS_setresuid, SYS_setreuid,
    SYS_capset,
  ]

  #if arch(x86_64)
    private static let forks: [Int32] = [SYS_fork, SYS_vfork]
  #else
    private static let forks: [Int32] = []
  #endif
}
