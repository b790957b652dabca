#ifndef AGENTD_CLINUX_PROCESSES_H
#define AGENTD_CLINUX_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

// pidfd_open(2) and pidfd_send_signal(2): no wrapper in the C library of Debian 12. -1 with errno on failure.
int clinux_pidfd_open(pid_t process);
int clinux_pidfd_send_signal(int pidfd, int signal);

// waitid(2) with P_PIDFD, without waiting: collects the process if it is a child that has ended.
void clinux_reap(int pidfd);

// pipe2(2), close-on-exec. Returns 0, or -1 with errno.
int clinux_pipe(int *read_end, int *write_end);

// A program to start with exactly these descriptors, all signals at their default.
struct clinux_program {
  const char *path;          // with a slash, or looked up in the PATH of the caller
  char *const *arguments;    // ends with NULL
  char *const *environment;  // ends with NULL; NULL for the caller's own
  const char *directory;     // NULL for the caller's own
  const int *descriptors;    // the caller's number for 0, 1, 2, ...; -1 for /dev/null; all others are closed
  size_t descriptor_count;
  bool new_session;          // setsid(2)
  bool signals_blocked;      // it starts with every signal blocked in place of none
};

// posix_spawn(3), which neither copies page tables nor runs handlers in the child. Returns 0 once the program has been
// executed, or what went wrong as a value of errno.
int clinux_spawn(const struct clinux_program *program, pid_t *child);

// prctl(2) with PR_SET_NAME: the calling thread's name, which for the main thread is the process's in ps(1) and top(1). At most
// 15 bytes; the rest is cut.
void clinux_set_name(const char *name);

// getspnam_r(3): the day, counted from 1970-01-01, from which on the account is expired; -1 for never. 0, or what went wrong as a
// value of errno: ENOENT if there is no entry.
int clinux_account_expiry(const char *name, long *day);

// prlimit(2). 0, or -1 with errno.
int clinux_prlimit(pid_t process, int resource, const struct rlimit *new_limit, struct rlimit *old_limit);

// How many resources there are, numbered from 0.
static const int clinux_limit_count = RLIM_NLIMITS;

// getxattr(2): the bytes of an extended attribute's value, or -1 with errno.
ssize_t clinux_attribute(const char *path, const char *name, void *value, size_t size);

// sched_getcpu(3): the number of the processor that the calling thread runs on, mostly without a system call. -1 with errno.
int clinux_current_processor(void);

// sched_setaffinity(2): makes the calling thread run on this processor alone, numbered below CPU_SETSIZE. -1 with errno, and then
// nothing is changed: EINVAL where there is none of this number.
int clinux_stay_on_processor(unsigned int processor);

#endif
