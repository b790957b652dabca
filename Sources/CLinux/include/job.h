#ifndef AGENTD_CLINUX_JOB_H
#define AGENTD_CLINUX_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// The steps of a start, in the order in which they are taken after fork(2).
enum clinux_job_stage {
  CLINUX_JOB_SESSION = 4,
  CLINUX_JOB_DESCRIPTORS,
  CLINUX_JOB_GROUPS,
  CLINUX_JOB_GROUP,
  CLINUX_JOB_USER,
  CLINUX_JOB_DIRECTORY,
  CLINUX_JOB_PROGRAM,
};

// All that the new process needs between fork(2) and execve(2), made before, because it may not allocate memory.
struct clinux_job {
  char *const *candidates;  // paths to execute, the first that exists; ends with NULL
  char *const *arguments;
  char *const *environment;
  const char *directory;
  const char *other_directory;  // in place of one that cannot be entered; NULL makes that a failure
  int input;   // above 2, like output
  int output;
  bool change_identity;
  uid_t user;
  gid_t group;
  const gid_t *groups;
  size_t group_count;
};

// What the new process writes to the report descriptor when it cannot become the job.
struct clinux_job_failure {
  int stage;
  int code;
};

// Starts the job as the leader of a session of its own: identity, umask 022, default signals and out-of-memory score,
// descriptors 0, 1, 2 and no other. The caller must have a single thread.
//
// *report is a descriptor to read from: a clinux_job_failure if the job could not be executed, then the end; the end alone
// once it has been. Returns the new process, or -1 with errno.
pid_t clinux_start_job(const struct clinux_job *job, int *report);

// prctl(2) with PR_SET_CHILD_SUBREAPER: orphans below this process become its children. 0, or -1 with errno.
int clinux_become_subreaper(void);

#endif
