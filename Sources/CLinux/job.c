#define _GNU_SOURCE
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "processes.h"

// Where the report descriptor lies in the new process.
#define REPORT 3
// What every login gets; programs that use select(2) break above it.
#define SOFT_DESCRIPTOR_LIMIT 1024

// Everything below runs in the new process: only async-signal-safe calls.

static void fail(int stage) {
  struct clinux_job_failure failure = {.stage = stage, .code = errno};
  ssize_t ignored = write(REPORT, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

static void arrange_descriptors(const struct clinux_job *job, int report) {
  if (dup2(job->input, 0) < 0 || dup2(job->output, 1) < 0 || dup2(job->output, 2) < 0) _exit(127);
  if (report == REPORT) {
    if (fcntl(REPORT, F_SETFD, FD_CLOEXEC) < 0) _exit(127);
  } else if (dup3(report, REPORT, O_CLOEXEC) < 0) {
    _exit(127);
  }
  if (syscall(SYS_close_range, REPORT + 1, ~0U, 0) < 0) fail(CLINUX_JOB_DESCRIPTORS);
}

// The supervisor may be protected from the out-of-memory killer and hold many descriptors; its jobs are ordinary processes.
static void reset_limits(void) {
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
  umask(022);
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

// Not by sigaction(3): the C library hides the signals that it uses itself, and posix_spawn(3) leaves those ignored.
static void reset_signals(void) {
  // The kernel's own structure, all zero: SIG_DFL without flags and mask. Larger than on any architecture.
  const char default_action[64] = {0};
  for (int signal = 1; signal <= 64; signal++) syscall(SYS_rt_sigaction, signal, default_action, NULL, 8);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// As execvp(3) does, but in the PATH of the job and never with a shell: a file that may not be executed is only the reason
// if no other candidate is found.
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

static void become_job(const struct clinux_job *job, int report) {
  arrange_descriptors(job, report);
  if (setsid() < 0) fail(CLINUX_JOB_SESSION);
  reset_limits();
  if (job->change_identity) change_identity(job);
  reset_signals();
  if (chdir(job->directory) < 0 && (job->other_directory == NULL || chdir(job->other_directory) < 0)) {
    fail(CLINUX_JOB_DIRECTORY);
  }
  execute(job);
}

pid_t clinux_start_job(const struct clinux_job *job, int *report) {
  int write_end;
  if (clinux_pipe(report, &write_end) < 0) return -1;
  pid_t child = fork();
  if (child == 0) become_job(job, write_end);
  int code = errno;
  close(write_end);
  if (child < 0) close(*report);
  errno = code;
  return child;
}

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
