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
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "processes.h"

// Descriptor numbers in the new process; execve(2) closes REPORT.
#define SCRIPT 3
#define REPORT 4
// The default of every login; programs that use select(2) break above it.
#define SOFT_DESCRIPTOR_LIMIT 1024

// Everything below runs in the new process: async-signal-safe calls only.

static void note(int stage, int code) {
  struct clinux_job_failure failure = {.stage = stage, .code = code};
  ssize_t ignored = write(REPORT, &failure, sizeof failure);
  (void)ignored;
}

static void fail(int stage) {
  note(stage, errno);
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
  clinux_close_from(REPORT + 1);
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

static bool begins_with(const unsigned char *head, ssize_t count, const char *mark, size_t length) {
  return count >= (ssize_t)length && memcmp(head, mark, length) == 0;
}

// Returns an enum clinux_file_form, and above its 8 bits the machine of an ELF file.
static int form_of(const unsigned char *head, ssize_t count) {
  if (begins_with(head, count, "\x7f" "ELF", 4)) {
    if (count < 20) return CLINUX_FORM_ELF;
    int machine = head[5] == 2 ? head[18] << 8 | head[19] : head[19] << 8 | head[18];
    return CLINUX_FORM_ELF | (machine & 0x7fff) << 8;
  }
  if (begins_with(head, count, "\xff\xfe", 2) || begins_with(head, count, "\xfe\xff", 2)) return CLINUX_FORM_UTF16;
  if (begins_with(head, count, "\xef\xbb\xbf", 3)) return CLINUX_FORM_BYTE_ORDER_MARK;
  // With bash(1), a file with a NUL in its first line is no script; a Python cache has its NULs after the first line end.
  if (count > 0 && memchr(head, 0, count) != NULL) return CLINUX_FORM_BINARY;
  if (!begins_with(head, count, "#!", 2)) return CLINUX_FORM_TEXT;
  const unsigned char *end = memchr(head, '\n', count);
  return end != NULL && end[-1] == '\r' ? CLINUX_FORM_CR_LF : CLINUX_FORM_INTERPRETER;
}

// Reads, with the rights of the job, what a file begins with that the kernel does not execute.
static int form_of_file(const char *path) {
  unsigned char head[256];
  struct stat status;
  // A device or pipe must not notice.
  if (stat(path, &status) < 0 || !S_ISREG(status.st_mode)) return 0;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file < 0) return CLINUX_FORM_UNREADABLE;
  ssize_t count = read(file, head, sizeof head);
  close(file);
  return count < 0 ? CLINUX_FORM_UNREADABLE : form_of(head, count);
}

// As execvp(3), system(3) and thus cron and sshd do with a text that names no interpreter.
static void execute_by_shell(const struct clinux_job *job, char *path) {
  size_t count = 0;
  while (job->arguments[count] != NULL) count++;
  char *arguments[count + 2];
  arguments[0] = "/bin/sh";
  arguments[1] = path;
  for (size_t index = 1; index <= count; index++) arguments[index + 1] = job->arguments[index];
  execve(arguments[0], arguments, job->environment);
  fail(CLINUX_JOB_PROGRAM);
}

// Like execvp(3), but with the job's PATH, and only a text goes to the shell: a file that may not be executed is the reported error only if
// no other candidate is found.
static void execute(const struct clinux_job *job) {
  int code = ENOENT;
  for (char *const *candidate = job->candidates; *candidate != NULL; candidate++) {
    execve(*candidate, job->arguments, job->environment);
    int form;
    switch (errno) {
      case ENOENT:
        // The file is there, but not what it needs.
        form = form_of_file(*candidate);
        errno = ENOENT;
        if (form != 0 && code == ENOENT) code = CLINUX_CODE(ENOENT, form);
        continue;
      case ENOTDIR:
        continue;
      case EACCES:
        code = EACCES;
        continue;
      case ENOEXEC:
        form = form_of_file(*candidate);
        if (form == CLINUX_FORM_TEXT) execute_by_shell(job, *candidate);
        errno = CLINUX_CODE(ENOEXEC, form);
        fail(CLINUX_JOB_PROGRAM);
      default:
        fail(CLINUX_JOB_PROGRAM);
    }
  }
  errno = code;
  fail(CLINUX_JOB_PROGRAM);
}

static void enter_directory(const struct clinux_job *job) {
  if (chdir(job->directory) == 0) return;
  int code = errno;
  if (job->other_directory == NULL || chdir(job->other_directory) < 0) {
    errno = code;
    fail(CLINUX_JOB_DIRECTORY);
  }
  note(CLINUX_JOB_HOME, code);
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
  enter_directory(job);
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
  // System call filters cannot inspect the arguments of clone3(2) and deny it, with one error or another; so do older kernels. What is
  // wrong with the group itself shows when the child enters it.
  bool enter_group = child < 0 && job->control_group >= 0 && errno != EAGAIN && errno != ENOMEM;
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
