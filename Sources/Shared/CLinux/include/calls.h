#ifndef AGENTD_CLINUX_CALLS_H
#define AGENTD_CLINUX_CALLS_H

// The system calls without which agentd, or the C library under it, cannot work.
enum clinux_call {
  CLINUX_CALL_CLONE3,  // only one that is refused otherwise than with ENOSYS: for that the C library uses clone(2)
  CLINUX_CALL_PIDFD_OPEN,
  CLINUX_CALL_PIDFD_SEND_SIGNAL,
  CLINUX_CALL_WAITID_PIDFD,
  CLINUX_CALL_MEMFD_CREATE,
  CLINUX_CALL_EXECVEAT,
  CLINUX_CALL_GETRANDOM,
};

// Makes the call so that it has no effect. Returns 0 if it works, otherwise the errno value with which it is refused.
int clinux_refusal_of_call(enum clinux_call call);

#endif
