#ifndef AGENTD_CLINUX_IDENTITY_H
#define AGENTD_CLINUX_IDENTITY_H

#include <sys/types.h>

// setgroups(2): drops all supplementary groups. -1 with errno.
int clinux_leave_groups(void);

// setresgid(2): sets the real, effective and saved group ID. -1 with errno.
int clinux_become_group(gid_t group);

// setresuid(2): sets the real, effective and saved user ID. -1 with errno.
int clinux_become_user(uid_t user);

// Checks that all real, effective and saved IDs are these and there are no supplementary groups. -1 with errno EPERM if not.
int clinux_is_only(uid_t user, gid_t group);

// prctl(2) with PR_SET_KEEPCAPS: keeps the permitted capabilities when the user changes from root. -1 with errno.
int clinux_keep_capabilities(void);

// prctl(2) with PR_SET_PDEATHSIG: sends SIGKILL when the parent dies. A change of user or group clears it. -1 with errno.
int clinux_die_with_parent(void);

#endif
