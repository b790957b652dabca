#ifndef AGENTD_CLINUX_SANDBOX_H
#define AGENTD_CLINUX_SANDBOX_H

// prctl(2) with PR_SET_NO_NEW_PRIVS: from here on execve(2) grants nothing, for this process and its children. -1 with errno.
int clinux_forbid_new_privileges(void);

// prctl(2) with PR_SET_DUMPABLE 0: no core dump, no ptrace(2) and no reading of /proc/PID/mem by others of the same user.
// -1 with errno.
int clinux_forbid_dumps(void);

#endif
