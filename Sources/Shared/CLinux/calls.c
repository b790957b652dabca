#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

// What is wrong with the arguments shows that the call itself works; what a filter answers does not depend on them.
static int refusal(long result, int expected) { return result >= 0 || errno == expected ? 0 : errno; }

static int of_clone3(void) {
  int code = refusal(syscall(SYS_clone3, NULL, 0), EINVAL);
  return code == ENOSYS ? 0 : code;
}

static int of_pidfd(enum clinux_call call) {
  int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (process < 0) return call == CLINUX_CALL_PIDFD_OPEN ? errno : 0;
  siginfo_t information;
  int code = 0;
  if (call == CLINUX_CALL_PIDFD_SEND_SIGNAL) code = refusal(syscall(SYS_pidfd_send_signal, process, 0, NULL, 0), 0);
  // This process is not its own child.
  if (call == CLINUX_CALL_WAITID_PIDFD) {
    code = refusal(waitid((idtype_t)P_PIDFD, (id_t)process, &information, WEXITED | WNOHANG), ECHILD);
  }
  close(process);
  return code;
}

static int of_memfd_create(void) {
  int file = memfd_create("agentd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return errno;
  close(file);
  return 0;
}

int clinux_refusal_of_call(enum clinux_call call) {
  char byte;
  char *const none[] = {NULL};
  switch (call) {
    case CLINUX_CALL_CLONE3: return of_clone3();
    case CLINUX_CALL_MEMFD_CREATE: return of_memfd_create();
    case CLINUX_CALL_EXECVEAT: return refusal(syscall(SYS_execveat, -1, "", none, none, AT_EMPTY_PATH), EBADF);
    case CLINUX_CALL_GETRANDOM: return refusal(syscall(SYS_getrandom, &byte, 1, 1), EAGAIN);
    default: return of_pidfd(call);
  }
}
