#define _GNU_SOURCE
#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

int clinux_leave_groups(void) { return setgroups(0, NULL); }

int clinux_become_group(gid_t group) { return setresgid(group, group, group); }

int clinux_become_user(uid_t user) { return setresuid(user, user, user); }

int clinux_is_only(uid_t user, gid_t group) {
  uid_t users[3];
  gid_t groups[3];
  if (getresuid(&users[0], &users[1], &users[2]) < 0 || getresgid(&groups[0], &groups[1], &groups[2]) < 0) return -1;
  errno = EPERM;
  for (int index = 0; index < 3; index++) {
    if (users[index] != user || groups[index] != group) return -1;
  }
  return getgroups(0, NULL) == 0 ? 0 : -1;
}

int clinux_keep_capabilities(void) { return prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL); }

int clinux_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }
