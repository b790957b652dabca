#define _GNU_SOURCE
#include "pipes.h"

#include <fcntl.h>
#include <sys/ioctl.h>

ssize_t clinux_splice(int pipe, int file, size_t count) {
  return splice(pipe, NULL, file, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

int clinux_enlarge_pipe(int pipe, int bytes) { return fcntl(pipe, F_SETPIPE_SZ, bytes); }

int clinux_pending_bytes(int pipe) {
  int bytes;
  return ioctl(pipe, FIONREAD, &bytes) < 0 ? -1 : bytes;
}
