#ifndef AGENTD_CLINUX_ROLE_SPAWN_H
#define AGENTD_CLINUX_ROLE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

// What a child receives; see clinux_spawn_role.
struct clinux_role_spawn {
  int image;                 // the open executable
  char *const *arguments;    // NULL-terminated
  char *const *environment;  // NULL-terminated
  int socket;                // becomes descriptor 3
  int order;                 // becomes descriptor 4; -1 for none
  bool signals_blocked;      // starts with every signal blocked instead of none
};

// Forks and executes the image with execveat(2): descriptors 0 and 1 are /dev/null, 2 is inherited, 3 and 4 as above, all others are
// closed; the child has its own session. All signals are blocked and at their defaults, if so stated; otherwise they are unblocked, and
// ignored unless they report what the process itself did. The user is inherited; the new image changes it. Returns the process, or -1 with
// errno and, in `failed_call`, a static string that names the call that failed in parent or child.
pid_t clinux_spawn_role(const struct clinux_role_spawn *spawn, const char **failed_call);

#endif
