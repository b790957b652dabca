#define _GNU_SOURCE
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "processes.h"

// Descriptor numbers in the new process; execve(2) closes REPORT.
#define SCRIPT 3
#define REPORT 4
// The default of every login; programs that use select(2) break above it.
#define SOFT_DESCRIPTOR_LIMIT 1024

// Everything below runs in the new process: async-signal-safe calls only.

static void fail(int stage) {
  struct clinux_job_failure failure = {.stage = stage, .code = errno};
  ssize_t ignored = write(REPORT, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

static void enter_control_group(int group) {
  int processes = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (processes < 0 || write(processes, "0", 1) != 1) fail(CLINUX_JOB_CONTROL_GROUP);
  close(processes);
}

static void arrange_descriptors(const struct clinux_job *job, int report, bool enter_group) {
  // Above all targets, so that none of them overwrites it or a source that is still needed.
  report = fcntl(report, F_DUPFD_CLOEXEC, REPORT + 1);
  int script = job->script < 0 ? -1 : fcntl(job->script, F_DUPFD_CLOEXEC, REPORT + 1);
  if (report < 0 || dup2(job->input, 0) < 0 || dup2(job->output, 1) < 0 || dup2(job->errors, 2) < 0) _exit(127);
  if (dup3(report, REPORT, O_CLOEXEC) < 0) _exit(127);
  if (enter_group) enter_control_group(job->control_group);
  if (job->script < 0) {
    close(SCRIPT);
  } else if (dup2(script, SCRIPT) < 0) {
    fail(CLINUX_JOB_DESCRIPTORS);
  }
  if (syscall(SYS_close_range, REPORT + 1, ~0U, 0) < 0) fail(CLINUX_JOB_DESCRIPTORS);
}

// The supervisor may be protected from the out-of-memory killer and hold many descriptors; its jobs are ordinary processes.
static void reset_limits(const struct clinux_job *job) {
  int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    ssize_t ignored = write(score, "0", 1);
    (void)ignored;
    close(score);
  }
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > SOFT_DESCRIPTOR_LIMIT) {
    limit.rlim_cur = SOFT_DESCRIPTOR_LIMIT;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  for (size_t index = 0; index < job->limit_count; index++) {
    // RLIM_INFINITY is the largest value on both sides.
    limit = (struct rlimit){.rlim_cur = job->limits[index].soft, .rlim_max = job->limits[index].hard};
    if (setrlimit(job->limits[index].resource, &limit) < 0) fail(CLINUX_JOB_LIMITS);
  }
  umask(job->umask);
}

static void change_identity(const struct clinux_job *job) {
  if (setgroups(job->group_count, job->groups) < 0) fail(CLINUX_JOB_GROUPS);
  if (setresgid(job->group, job->group, job->group) < 0) fail(CLINUX_JOB_GROUP);
  if (setresuid(job->user, job->user, job->user) < 0) fail(CLINUX_JOB_USER);
  uid_t real_user, effective_user, saved_user;
  gid_t real_group, effective_group, saved_group;
  getresuid(&real_user, &effective_user, &saved_user);
  getresgid(&real_group, &effective_group, &saved_group);
  errno = EPERM;
  if (real_group != job->group || effective_group != job->group || saved_group != job->group) fail(CLINUX_JOB_GROUP);
  if (real_user != job->user || effective_user != job->user || saved_user != job->user) fail(CLINUX_JOB_USER);
  if (job->user != 0 && setuid(0) == 0) fail(CLINUX_JOB_USER);
}

// Not with sigaction(3): the C library hides the signals that it uses itself, and posix_spawn(3) leaves them ignored.
static void reset_signals(void) {
  // The kernel's own structure, all zero: SIG_DFL without flags and mask. Larger than on any architecture.
  const char default_action[64] = {0};
  for (int signal = 1; signal <= 64; signal++) syscall(SYS_rt_sigaction, signal, default_action, NULL, 8);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// Like execvp(3), but with the job's PATH and never with a shell: a file that may not be executed is the reported error only if no other
// candidate is found.
static void execute(const struct clinux_job *job) {
  int code = ENOENT;
  for (char *const *candidate = job->candidates; *candidate != NULL; candidate++) {
    execve(*candidate, job->arguments, job->environment);
    switch (errno) {
      case ENOENT:
      case ENOTDIR:
        continue;
      case EACCES:
        code = EACCES;
        continue;
      default:
        fail(CLINUX_JOB_PROGRAM);
    }
  }
  errno = code;
  fail(CLINUX_JOB_PROGRAM);
}

static void become_job(const struct clinux_job *job, int report, bool enter_group) {
  arrange_descriptors(job, report, enter_group);
  if (setsid() < 0) fail(CLINUX_JOB_SESSION);
  // Before the change of user, so that the keyring does not count against the user's quota; the job has access by possession. If the call
  // is denied (containers, kernels without keys), the job keeps the supervisor's keyring, which is empty.
  clinux_join_session_keyring();
  reset_limits(job);
  if (job->change_identity) change_identity(job);
  reset_signals();
  if (chdir(job->directory) < 0 && (job->other_directory == NULL || chdir(job->other_directory) < 0)) {
    fail(CLINUX_JOB_DIRECTORY);
  }
  execute(job);
}

// Puts the child in its group from its first instruction on, which is cheaper than moving it there.
static pid_t fork_into(int group) {
  struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = group};
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

pid_t clinux_start_job(const struct clinux_job *job, int *report) {
  int write_end;
  if (clinux_pipe(report, &write_end) < 0) return -1;
  pid_t child = job->control_group < 0 ? fork() : fork_into(job->control_group);
  // System call filters that cannot inspect the arguments of clone3(2) deny it with this.
  bool enter_group = child < 0 && job->control_group >= 0 && errno == ENOSYS;
  if (enter_group) child = fork();
  if (child == 0) become_job(job, write_end, enter_group);
  int code = errno;
  close(write_end);
  if (child < 0) close(*report);
  errno = code;
  return child;
}

int clinux_join_session_keyring(void) { return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? -1 : 0; }

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
