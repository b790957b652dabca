#define _GNU_SOURCE
#include "role_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child writes into the pipe when it fails: the call's place in this list, and errno.
static const char *const calls[] = {"open /dev/null", "dup2",   "close_range", "signals",           "prctl",
                                    "setrlimit",      "setgroups", "setgid",      "setuid",            "identity check",
                                    "execve",         "getppid",   "setsid"};
enum call { OPEN, DUP2, CLOSE_RANGE, SIGNALS, PRCTL, SETRLIMIT, SETGROUPS, SETGID, SETUID, IDENTITY, EXECVE, GETPPID, SETSID };
struct failure {
  enum call call;
  int code;
};

static void fail(int pipe, enum call call) {
  struct failure failure = {call, errno};
  ssize_t ignored = write(pipe, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

static void arrange_descriptors(int socket, int *pipe) {
  // Above all numbers that are about to be overwritten.
  int high_socket = fcntl(socket, F_DUPFD_CLOEXEC, 10);
  int high_pipe = fcntl(*pipe, F_DUPFD_CLOEXEC, 10);
  if (high_socket < 0 || high_pipe < 0) fail(*pipe, DUP2);
  *pipe = high_pipe;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) fail(*pipe, OPEN);
  if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(high_socket, 3) < 0) fail(*pipe, DUP2);
  if (dup3(high_pipe, 4, O_CLOEXEC) < 0) fail(*pipe, DUP2);
  *pipe = 4;
  if (syscall(SYS_close_range, 5, ~0U, 0) < 0) fail(*pipe, CLOSE_RANGE);
  // The caller may have had one of 0 to 3 closed or close-on-exec.
  for (int descriptor = 0; descriptor < 4; descriptor++) {
    if (fcntl(descriptor, F_SETFD, 0) < 0) fail(*pipe, DUP2);
  }
}

static void reset_signals(int pipe) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  // SIGKILL, SIGSTOP and those that the C library keeps for itself refuse; they have their defaults anyway.
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) fail(pipe, SIGNALS);
}

static void limit_resources(unsigned long descriptors, int pipe) {
  struct rlimit core = {0, 0};
  if (setrlimit(RLIMIT_CORE, &core) < 0) fail(pipe, SETRLIMIT);
  struct rlimit open_files;
  if (getrlimit(RLIMIT_NOFILE, &open_files) < 0) fail(pipe, SETRLIMIT);
  open_files.rlim_cur = descriptors < open_files.rlim_max ? descriptors : open_files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &open_files) < 0) fail(pipe, SETRLIMIT);
}

// No execve(2) of this process or its children brings a capability back. Refused in containers that allow no one to: no harm,
// the user that it becomes has none.
static void empty_bounding_set(void) {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_DROP, capability, 0UL, 0UL, 0UL) == 0;) capability++;
}

// Groups, group, user: the other way round the right to do the next is gone; setuid(2).
static void become(uid_t user, gid_t group, int pipe) {
  empty_bounding_set();
  if (setgroups(0, NULL) < 0) fail(pipe, SETGROUPS);
  if (setresgid(group, group, group) < 0) fail(pipe, SETGID);
  if (setresuid(user, user, user) < 0) fail(pipe, SETUID);
  uid_t users[3];
  gid_t groups[3];
  errno = EPERM;
  if (getresuid(&users[0], &users[1], &users[2]) < 0 || getresgid(&groups[0], &groups[1], &groups[2]) < 0) {
    fail(pipe, IDENTITY);
  }
  for (int index = 0; index < 3; index++) {
    if (users[index] != user || groups[index] != group) fail(pipe, IDENTITY);
  }
  if (getgroups(0, NULL) != 0 || (user != 0 && setuid(0) == 0)) fail(pipe, IDENTITY);
}

static void run_child(const struct clinux_role_spawn *spawn, int pipe, pid_t parent) {
  arrange_descriptors(spawn->socket, &pipe);
  // Ctrl-C at the terminal is for the parent, which lets this process finish what is open.
  if (setsid() < 0) fail(pipe, SETSID);
  reset_signals(pipe);
  limit_resources(spawn->descriptor_limit, pipe);
  if (spawn->change_user) become(spawn->user, spawn->group, pipe);
  // After the change of user, which would clear it; PR_SET_PDEATHSIG(2const).
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail(pipe, PRCTL);
  if (getppid() != parent) {
    errno = ESRCH;
    fail(pipe, GETPPID);
  }
  execve(spawn->path, spawn->arguments, spawn->environment);
  fail(pipe, EXECVE);
}

pid_t clinux_spawn_role(const struct clinux_role_spawn *spawn, const char **failed_call) {
  int ends[2];
  *failed_call = "pipe2";
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  pid_t parent = getpid();
  *failed_call = "fork";
  pid_t child = fork();
  if (child == 0) run_child(spawn, ends[1], parent);
  int saved = errno;
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    errno = saved;
    return -1;
  }
  struct failure failure;
  ssize_t count;
  do count = read(ends[0], &failure, sizeof failure);
  while (count < 0 && errno == EINTR);
  close(ends[0]);
  if (count != (ssize_t)sizeof failure) return child;
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  *failed_call = calls[failure.call];
  errno = failure.code;
  return -1;
}
