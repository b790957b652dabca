#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <shadow.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

int clinux_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int clinux_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int clinux_pidfd_queue_signal(int pidfd, int signal, int value) {
  siginfo_t information = {.si_signo = signal, .si_code = SI_QUEUE};
  information.si_pid = getpid();
  information.si_uid = getuid();
  information.si_value.sival_int = value;
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, &information, 0);
}

int clinux_pipe(int *read_end, int *write_end) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) < 0) return -1;
  *read_end = pair[0];
  *write_end = pair[1];
  return 0;
}

// A source must not be where an earlier target is put, so copy the sources above all targets.
static int add_descriptors(posix_spawn_file_actions_t *actions, const int *descriptors, size_t count, int *copies) {
  int error = 0;
  for (size_t index = 0; index < count && error == 0; index++) {
    if (descriptors[index] < 0) {
      error = posix_spawn_file_actions_addopen(actions, (int)index, "/dev/null", O_RDWR, 0);
      continue;
    }
    copies[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, (int)count);
    if (copies[index] < 0) return errno;
    error = posix_spawn_file_actions_adddup2(actions, copies[index], (int)index);
  }
  return error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(actions, (int)count);
}

static int spawn(const struct clinux_program *program, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                 pid_t *child) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setsigmask(attributes, &none);
  short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (program->new_session) flags |= POSIX_SPAWN_SETSID;
  posix_spawnattr_setflags(attributes, flags);
  char *const *environment = program->environment != NULL ? program->environment : environ;
  return posix_spawnp(child, program->path, actions, attributes, program->arguments, environment);
}

int clinux_spawn(const struct clinux_program *program, pid_t *child) {
  enum { LIMIT = 64 };
  int copies[LIMIT];
  if (program->descriptor_count > LIMIT) return EINVAL;
  for (size_t index = 0; index < LIMIT; index++) copies[index] = -1;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  int error = add_descriptors(&actions, program->descriptors, program->descriptor_count, copies);
  if (error == 0 && program->directory != NULL) {
    error = posix_spawn_file_actions_addchdir_np(&actions, program->directory);
  }
  if (error == 0) error = spawn(program, &actions, &attributes, child);
  for (size_t index = 0; index < program->descriptor_count; index++) {
    if (copies[index] >= 0) close(copies[index]);
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

void clinux_reap(int pidfd) {
  siginfo_t information;
  waitid(P_PIDFD, (id_t)pidfd, &information, WEXITED | WNOHANG);
}

const char *clinux_title(void) { return program_invocation_name; }

void clinux_set_title(const char *title) {
  static size_t room;
  char *argument = program_invocation_name;
  if (room == 0) room = strlen(argument) + 1;
  if (strlen(title) + 2 > room) return;
  memset(argument, 0, room);
  strcpy(argument, title);
  // If the last byte of the arguments is not zero, the kernel shows them up to the first zero; proc_pid_cmdline(5).
  argument[room - 1] = ' ';
}

void clinux_set_name(const char *name) { prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL); }

int clinux_prlimit(pid_t process, int resource, const struct rlimit *new_limit, struct rlimit *old_limit) {
  return prlimit(process, (__rlimit_resource_t)resource, new_limit, old_limit);
}

ssize_t clinux_attribute(const char *path, const char *name, void *value, size_t size) {
  return getxattr(path, name, value, size);
}

int clinux_account_expiry(const char *name, long *day) {
  char buffer[16384];
  struct spwd entry, *found;
  int error = getspnam_r(name, &entry, buffer, sizeof buffer, &found);
  if (error == 0 && found == NULL) error = ENOENT;
  if (error == 0) *day = entry.sp_expire;
  return error;
}

int clinux_current_processor(void) { return sched_getcpu(); }

int clinux_stay_on_processor(unsigned int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set);
}
