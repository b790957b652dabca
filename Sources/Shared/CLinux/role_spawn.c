#define _GNU_SOURCE
#include "role_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"

// What the child writes to the pipe when it fails: the index of the call in this list, and errno.
static const char *const calls[] = {"open /dev/null", "dup2", "signals", "setsid", "execveat"};
enum call { OPEN, DUP2, SIGNALS, SETSID, EXECVEAT };
struct failure {
  enum call call;
  int code;
};

enum { PIPE = 5, IMAGE = 6 };

static void fail(int pipe, enum call call) {
  struct failure failure = {call, errno};
  ssize_t ignored = write(pipe, &failure, sizeof failure);
  (void)ignored;
  _exit(127);
}

// Above all numbers that are about to be overwritten.
static int moved_up(int descriptor, int pipe) {
  int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
  if (moved < 0) fail(pipe, DUP2);
  return moved;
}

// The exec closes the pipe (5) and the image (6).
static void arrange_descriptors(const struct clinux_role_spawn *spawn, int pipe) {
  int socket = moved_up(spawn->socket, pipe), image = moved_up(spawn->image, pipe);
  int order = spawn->order < 0 ? -1 : moved_up(spawn->order, pipe);
  pipe = moved_up(pipe, pipe);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) fail(pipe, OPEN);
  if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(socket, 3) < 0) fail(pipe, DUP2);
  if (order < 0) {
    close(4);
  } else if (dup2(order, 4) < 0) {
    fail(pipe, DUP2);
  }
  if (dup3(pipe, PIPE, O_CLOEXEC) < 0 || dup3(image, IMAGE, O_CLOEXEC) < 0) fail(pipe, DUP2);
  clinux_close_from(IMAGE + 1);
  // The caller may have had one of them closed or marked close-on-exec.
  for (int descriptor = 0; descriptor < (order < 0 ? 4 : PIPE); descriptor++) {
    if (fcntl(descriptor, F_SETFD, 0) < 0) fail(PIPE, DUP2);
  }
}

// Whether the kernel sends this signal for what the process itself did.
static bool is_own(int signal) {
  switch (signal) {
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGSYS:
    case SIGCHLD:
      return true;
    default:
      return false;
  }
}

// The supervisor decides when the child ends: it ignores what a terminal, killall(1) or pkill(1) sends to all processes of agentd, from its
// first instruction on.
static void arrange_signals(bool blocked) {
  struct sigaction standard = {.sa_handler = SIG_DFL}, ignored = {.sa_handler = SIG_IGN};
  // Fails for SIGKILL, SIGSTOP and those that the C library reserves; they are at their defaults anyway.
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, blocked || is_own(signal) ? &standard : &ignored, NULL);
  sigset_t mask;
  if (blocked) sigfillset(&mask);
  else sigemptyset(&mask);
  if (sigprocmask(SIG_SETMASK, &mask, NULL) < 0) fail(PIPE, SIGNALS);
}

static void run_child(const struct clinux_role_spawn *spawn, int pipe) {
  arrange_descriptors(spawn, pipe);
  // Ctrl-C at the terminal is for the parent, which lets this process finish its open work.
  if (setsid() < 0) fail(PIPE, SETSID);
  arrange_signals(spawn->signals_blocked);
  execveat(IMAGE, "", spawn->arguments, spawn->environment, AT_EMPTY_PATH);
  fail(PIPE, EXECVEAT);
}

pid_t clinux_spawn_role(const struct clinux_role_spawn *spawn, const char **failed_call) {
  int ends[2];
  *failed_call = "pipe2";
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  *failed_call = "fork";
  pid_t child = fork();
  if (child == 0) run_child(spawn, ends[1]);
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
