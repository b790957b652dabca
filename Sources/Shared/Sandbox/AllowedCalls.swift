import CLinux
import Glibc

// Determined with strace(1) on both roles. Every other call fails with EPERM, so that a library that tries something new (a configuration
// file, a faster call) falls back to what works. Only calls that no library makes end the process: see `attacks`.
extension CallFilter {
  static let listener = CallFilter(
    allowed(traffic) + allowed(time) + allowed(memory) + allowed(process) + threads + careful
      + fileStatus + attacks, otherwise: .fail(EPERM))

  static let signer = CallFilter(
    allowed([SYS_recvfrom, SYS_sendto, SYS_write, SYS_close]) + allowed(time) + allowed(memory) + allowed(process)
      + careful
      + [
        Rule(SYS_clone, .kill), Rule(SYS_clone3, .kill),
        // Its own affinity only.
        Rule(SYS_sched_setaffinity, .allow, where: .isOneOf(0, [0])),
      ] + attacks, otherwise: .fail(EPERM))

  /// The calls of name services, SwiftNIO and disk access differ from host to host, so only denied calls are listed.
  static let renewal = CallFilter(
    denied(neverMade) + denied(forks)
      + [
        Rule(SYS_clone, .allow, where: .has(0, clinux_clone_thread), otherwise: .kill), Rule(SYS_clone3, .fail(ENOSYS)),
      ], otherwise: .allow)

  private static func denied(_ calls: [Int32]) -> [Rule] { calls.map { Rule($0, .kill) } }

  private static func allowed(_ calls: [Int32]) -> [Rule] { calls.map { Rule($0, .allow) } }

  /// Calls on open descriptors. Only accept4(2) creates new ones, from the listening sockets, on which NIO calls listen(2) again.
  private static let traffic: [Int32] =
    [
      SYS_read, SYS_write, SYS_recvfrom, SYS_sendto, SYS_epoll_ctl, SYS_epoll_pwait, SYS_readv, SYS_writev, SYS_recvmsg,
      SYS_sendmsg, SYS_pread64, SYS_sendfile, SYS_accept4, SYS_accept, SYS_listen, SYS_close, SYS_shutdown,
      SYS_setsockopt, SYS_getsockopt, SYS_getsockname, SYS_getpeername, SYS_lseek, SYS_epoll_create1, SYS_eventfd2,
      SYS_timerfd_create, SYS_timerfd_settime, SYS_ppoll,
    ] + older

  /// Calls that aarch64 never had.
  #if arch(x86_64)
    private static let older: [Int32] = [SYS_epoll_wait, SYS_epoll_create, SYS_poll]
  #else
    private static let older: [Int32] = []
  #endif

  /// Usually answered without the kernel; vdso(7).
  private static let time: [Int32] =
    [SYS_clock_gettime, SYS_gettimeofday, SYS_clock_nanosleep, SYS_nanosleep] + olderTime

  /// If vdso(7) is disabled or asks the kernel itself, a failing time(2) returns 1969, and no certificate is valid.
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

  /// Threads but not processes. A filter cannot see the arguments of clone3(2); without it, the C library uses clone(2).
  private static let threads: [Rule] = [
    Rule(SYS_clone, .allow, where: .has(0, clinux_clone_thread), otherwise: .kill), Rule(SYS_clone3, .fail(ENOSYS)),
    Rule(SYS_set_robust_list, .allow), Rule(SYS_rseq, .allow), Rule(SYS_membarrier, .allow),
    Rule(SYS_prctl, .allow, where: .isOneOf(0, [PR_SET_NAME, PR_GET_NAME])),
  ]

  /// Allowed unless they make data executable, signal other processes, or change the limits of others.
  private static var careful: [Rule] {
    [
      Rule(SYS_mmap, .allow, where: .lacks(2, PROT_EXEC)), Rule(SYS_mprotect, .allow, where: .lacks(2, PROT_EXEC)),
      // abort(3) sends a signal to its own process.
      Rule(SYS_tgkill, .allow, where: .isOneOf(0, [getpid()])),
      Rule(SYS_prlimit64, .allow, where: .isOneOf(0, [0])),
      Rule(SYS_fcntl, .allow, where: .isOneOf(1, [F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC])),
    ]
  }

  /// On descriptors, not on paths: fstat(3) is newfstatat(2) with AT_EMPTY_PATH.
  private static let fileStatus: [Rule] = [
    Rule(SYS_fstat, .allow), Rule(SYS_newfstatat, .allow, where: .isOneOf(3, [clinux_at_empty_path])),
  ]

  /// Nothing in these processes makes such a call. Whoever does has taken over the process and must not get another attempt.
  private static let attacks: [Rule] =
    denied(neverMade) + denied([SYS_socketpair, SYS_connect, SYS_bind, SYS_memfd_create]) + denied(forks)
    // syslog(3), with which libraries report errors.
    + [Rule(SYS_socket, .fail(EPERM), where: .isOneOf(0, [AF_UNIX]), otherwise: .kill)]

  /// Calls that no agentd process makes, whatever its role.
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
