#ifndef AGENTD_CLINUX_DETACH_H
#define AGENTD_CLINUX_DETACH_H

#include <sys/types.h>

// fork(2), which Swift does not offer. Only for a single-threaded process.
pid_t clinux_fork(void);

#endif
