#ifndef AGENTD_CLINUX_PROCESSES_H
#define AGENTD_CLINUX_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

// pidfd_open(2) and pidfd_send_signal(2): the C library of Debian 12 has no wrappers. Return -1 with errno on failure.
int clinux_pidfd_open(pid_t process);
int clinux_pidfd_send_signal(int pidfd, int signal);

// pidfd_send_signal(2) with a value for the receiver, as sigqueue(3) sends it. Returns 0, or -1 with errno.
int clinux_pidfd_queue_signal(int pidfd, int signal, int value);

// waitid(2) with P_PIDFD, without waiting: reaps the process if it is a child that has ended.
void clinux_reap(int pidfd);

// pipe2(2), close-on-exec. Returns 0, or -1 with errno.
int clinux_pipe(int *read_end, int *write_end);

// A program to start with exactly these descriptors and all signals at their defaults.
struct clinux_program {
  const char *path;          // contains a slash, or is looked up in the caller's PATH
  char *const *arguments;    // ends with NULL
  char *const *environment;  // ends with NULL; NULL for the caller's
  const char *directory;     // NULL for the caller's
  const int *descriptors;    // the caller's descriptors for 0, 1, 2, ...; -1 for /dev/null; all others are closed
  size_t descriptor_count;
  bool new_session;          // setsid(2)
};

// posix_spawn(3), which neither copies page tables nor runs handlers in the child. Returns 0 once the program has been executed, or an
// errno value.
int clinux_spawn(const struct clinux_program *program, pid_t *child);

// The process's first argument: as the program was started, or as clinux_set_title has left it.
const char *clinux_title(void);

// Replaces the only argument of this process, which ps(1) shows, by `title`; does nothing if there is no room, which is two bytes more.
void clinux_set_title(const char *title);

// prctl(2) with PR_SET_NAME: sets the name of the calling thread; that of the main thread is the process name in ps(1) and top(1). At most
// 15 bytes; the rest is cut.
void clinux_set_name(const char *name);

// getspnam_r(3): stores the day since 1970-01-01 on which the account expires; -1 for never. Returns 0 or an errno value: ENOENT if there
// is no entry.
int clinux_account_expiry(const char *name, long *day);

// prlimit(2). Returns 0, or -1 with errno.
int clinux_prlimit(pid_t process, int resource, const struct rlimit *new_limit, struct rlimit *old_limit);

// The number of resources, which are numbered from 0.
static const int clinux_limit_count = RLIM_NLIMITS;

// getxattr(2): returns the size of the value of an extended attribute, or -1 with errno.
ssize_t clinux_attribute(const char *path, const char *name, void *value, size_t size);

// sched_getcpu(3): returns the processor that the calling thread runs on, usually without a system call. -1 with errno.
int clinux_current_processor(void);

// sched_setaffinity(2): restricts the calling thread to this processor, numbered below CPU_SETSIZE. Returns -1 with errno if nothing was
// changed: EINVAL if there is no processor with this number.
int clinux_stay_on_processor(unsigned int processor);

#endif
