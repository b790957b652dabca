#ifndef AGENTD_CLINUX_ROLE_SPAWN_H
#define AGENTD_CLINUX_ROLE_SPAWN_H

#include <sys/types.h>

// What a child gets; see clinux_spawn_role.
struct clinux_role_spawn {
  const char *path;
  char *const *arguments;    // NULL-terminated
  char *const *environment;  // NULL-terminated
  int socket;                // becomes descriptor 3
  int change_user;           // whether to become user and group
  uid_t user;
  gid_t group;
  unsigned long descriptor_limit;  // RLIMIT_NOFILE, lowered to the hard limit where that is less
};

// Forks and executes: descriptors 0 and 1 are /dev/null, 2 stays, 3 is `socket`, no other is open; all signals unblocked and
// at their defaults; a session of its own; no core dumps; killed when the parent dies. Returns the process, or -1 with errno
// and in `failed_call` a static string that names the call which failed in parent or child.
pid_t clinux_spawn_role(const struct clinux_role_spawn *spawn, const char **failed_call);

#endif
