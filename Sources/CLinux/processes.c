#define _GNU_SOURCE
#include "processes.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int clinux_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
