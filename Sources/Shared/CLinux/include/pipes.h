#ifndef AGENTD_CLINUX_PIPES_H
#define AGENTD_CLINUX_PIPES_H

#include <stddef.h>
#include <sys/types.h>

// splice(2): moves at most `count` bytes from a pipe to a file, at the file's position, without waiting for the pipe. Returns the bytes
// moved, 0 if the pipe has no writers and is empty, or -1 with errno: EAGAIN if it is empty, EINVAL if the file does not support it.
ssize_t clinux_splice(int pipe, int file, size_t count);

// fcntl(2) with F_SETPIPE_SZ: returns the new capacity, or -1 with errno if that is not allowed.
int clinux_enlarge_pipe(int pipe, int bytes);

// ioctl(2) with FIONREAD: returns how many bytes are in the pipe, or -1 with errno.
int clinux_pending_bytes(int pipe);

#endif
