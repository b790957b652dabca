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
  CLINUX_JOB_CONTROL_GROUP,
  CLINUX_JOB_LIMITS,
};

struct clinux_job_limit {
  int resource;  // of setrlimit(2)
  unsigned long long soft, hard;
};

// All that the new process needs between fork(2) and execve(2), made before, because it may not allocate memory.
struct clinux_job {
  char *const *candidates;  // paths to execute, the first that exists; ends with NULL
  char *const *arguments;
  char *const *environment;
  const char *directory;
  const char *other_directory;  // in place of one that cannot be entered; NULL makes that a failure
  int input;   // above 2, like output and errors
  int output;
  int errors;  // may be the output
  int script;         // open as descriptor 3 in the job; -1 for none
  int control_group;  // the folder of the group to start in; -1 for the caller's
  mode_t umask;
  const struct clinux_job_limit *limits;
  size_t limit_count;
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

// Starts the job as the leader of a session of its own: control group, limits, identity, umask, default signals and
// out-of-memory score, descriptors 0, 1, 2 and the script's. The caller must have a single thread.
//
// *report is a descriptor to read from: a clinux_job_failure if the job could not be executed, then the end; the end alone
// once it has been. Returns the new process, or -1 with errno.
pid_t clinux_start_job(const struct clinux_job *job, int *report);

// prctl(2) with PR_SET_CHILD_SUBREAPER: orphans below this process become its children. 0, or -1 with errno.
int clinux_become_subreaper(void);

#endif
