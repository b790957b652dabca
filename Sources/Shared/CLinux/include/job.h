#ifndef AGENTD_CLINUX_JOB_H
#define AGENTD_CLINUX_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// The steps of a start after fork(2).
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
  // Not a failure: the directory cannot be entered, and the job starts in the other one.
  CLINUX_JOB_HOME = 64,
};

// What a file begins with that exists and that the kernel does not execute.
enum clinux_file_form {
  CLINUX_FORM_UNREADABLE = 1,
  CLINUX_FORM_TEXT,
  CLINUX_FORM_BINARY,
  CLINUX_FORM_ELF,              // a program in the format of Linux
  CLINUX_FORM_BYTE_ORDER_MARK,  // text in UTF-8 after the bytes EF BB BF
  CLINUX_FORM_UTF16,
  CLINUX_FORM_INTERPRETER,      // text whose first line begins with #!
  CLINUX_FORM_CR_LF,            // the same, with a line that ends in CR LF
};

// A code of CLINUX_JOB_PROGRAM: the errno value in the lowest 8 bits; above it the form, 0 if unknown, in 8 bits; above it the number of
// the machine that an ELF file is for, e_machine in elf(5), 0 if unknown.
#define CLINUX_CODE(number, form) ((number) | (form) << 8)

struct clinux_job_limit {
  int resource;  // of setrlimit(2)
  unsigned long long soft, hard;
};

// Everything that the new process needs between fork(2) and execve(2), prepared in advance because it may not allocate memory.
struct clinux_job {
  char *const *candidates;  // paths to try in order; ends with NULL
  char *const *arguments;
  char *const *environment;
  const char *directory;
  const char *other_directory;  // where to start if `directory` cannot be entered; NULL for nowhere
  int input;   // above 2, like output and errors
  int output;
  int errors;  // may be the same as output
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

// What the new process writes to the report descriptor: CLINUX_JOB_HOME if it happens, then why it cannot become the job, if so.
struct clinux_job_failure {
  int stage;
  int code;
};

// Starts the job as the leader of its own session, with its own session keyring: sets control group, limits, identity, umask, default
// signals, out-of-memory score, descriptors 0, 1, 2 and the script's. The caller must be single-threaded.
//
// *report is a descriptor to read from: it yields each clinux_job_failure and then end of file, once the job has been executed or has
// failed to be. Returns the new process, or -1 with errno.
pid_t clinux_start_job(const struct clinux_job *job, int *report);

// keyctl(2) with KEYCTL_JOIN_SESSION_KEYRING: gives the calling process a new, anonymous, empty session keyring. -1 with errno.
int clinux_join_session_keyring(void);

// prctl(2) with PR_SET_CHILD_SUBREAPER: orphaned descendants become children of this process. Returns 0, or -1 with errno.
int clinux_become_subreaper(void);

#endif
