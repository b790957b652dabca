#ifndef AGENTD_CLINUX_PROCESSES_H
#define AGENTD_CLINUX_PROCESSES_H

#include <sys/types.h>

// pidfd_open(2) and pidfd_send_signal(2): no wrapper in the C library of Debian 12. -1 with errno on failure.
int clinux_pidfd_open(pid_t process);
int clinux_pidfd_send_signal(int pidfd, int signal);

#endif
