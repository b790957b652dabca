#ifndef AGENTD_CLINUX_SANDBOX_H
#define AGENTD_CLINUX_SANDBOX_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// prctl(2) with PR_SET_NO_NEW_PRIVS: afterwards execve(2) grants no privileges to this process and its children. -1 with errno.
int clinux_forbid_new_privileges(void);

// prctl(2) with PR_SET_DUMPABLE 0: no core dump, and no ptrace(2) or reading of /proc/PID/mem by other processes of the same user. -1 with
// errno.
int clinux_forbid_dumps(void);

// prctl(2) with PR_CAPBSET_DROP: no execve(2) can regain this capability. -1 with errno: EINVAL beyond the last one.
int clinux_drop_from_bounding_set(unsigned long capability);

// capset(2) for the calling thread: clears effective, permitted and inheritable, and therefore ambient. -1 with errno.
int clinux_drop_capabilities(void);

// landlock(7): returns the version that the kernel supports, from 1, or -1 with errno.
int clinux_landlock_version(void);

// landlock_create_ruleset(2): denies all of these rights unless a rule grants them. `size` is how much of `struct landlock_ruleset_attr`
// the kernel knows: 8 bytes for `files`, then 8 for `network`, then 8 for `scopes`. Returns a descriptor, or -1 with errno.
int clinux_landlock_rules(uint64_t files, uint64_t network, uint64_t scopes, size_t size);

// landlock_add_rule(2): grants these rights to the open `file` and, if it is a folder, to everything below it. -1 with errno.
int clinux_landlock_allow_file(int rules, int file, uint64_t rights);

// landlock_add_rule(2): grants these rights to a TCP port. -1 with errno.
int clinux_landlock_allow_port(int rules, uint64_t port, uint64_t rights);

// landlock_restrict_self(2) for the calling thread and those it starts. -1 with errno.
int clinux_landlock_restrict(int rules);

// seccomp(2) with SECCOMP_SET_MODE_FILTER, for the calling thread and those it starts. Call clinux_forbid_new_privileges first. -1 with
// errno.
int clinux_filter_calls(const struct sock_filter *program, unsigned short count);

// CLONE_THREAD of clone(2) and AT_EMPTY_PATH of newfstatat(2), which the C library defines only with _GNU_SOURCE.
static const int32_t clinux_clone_thread = 0x00010000;
static const int32_t clinux_at_empty_path = 0x1000;

// The AUDIT_ARCH_* value of this program's system calls.
#if defined(__x86_64__)
static const uint32_t clinux_call_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t clinux_call_architecture = AUDIT_ARCH_AARCH64;
#else
#error "the call filter knows x86_64 and aarch64"
#endif

#endif
