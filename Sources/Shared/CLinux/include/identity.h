#ifndef AGENTD_CLINUX_IDENTITY_H
#define AGENTD_CLINUX_IDENTITY_H

#include <sys/types.h>

// setgroups(2): no supplementary group. -1 with errno.
int clinux_leave_groups(void);

// setresgid(2): real, effective and saved. -1 with errno.
int clinux_become_group(gid_t group);

// setresuid(2): real, effective and saved. -1 with errno.
int clinux_become_user(uid_t user);

// Whether real, effective and saved user and group are these and there is no supplementary group. -1 with errno EPERM if not.
int clinux_is_only(uid_t user, gid_t group);

// prctl(2) with PR_SET_KEEPCAPS: the permitted capabilities outlive the change of the user from root. -1 with errno.
int clinux_keep_capabilities(void);

// prctl(2) with PR_SET_PDEATHSIG: SIGKILL when the parent dies. A change of user or group clears it. -1 with errno.
int clinux_die_with_parent(void);

#endif
