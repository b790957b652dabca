#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

// In Linux since 5.13; defined here because the build machine's headers may be older than the kernel that runs.
enum { landlock_create_ruleset = 444, landlock_add_rule = 445, landlock_restrict_self = 446, landlock_version = 1 };
enum { landlock_path_beneath = 1, landlock_net_port = 2 };

int clinux_forbid_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL); }

int clinux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL); }

int clinux_drop_from_bounding_set(unsigned long capability) {
  return prctl(PR_CAPBSET_DROP, capability, 0UL, 0UL, 0UL);
}

int clinux_drop_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
  return (int)syscall(SYS_capset, &header, none);
}

int clinux_landlock_version(void) { return (int)syscall(landlock_create_ruleset, NULL, 0, landlock_version); }

int clinux_landlock_rules(uint64_t files, uint64_t network, uint64_t scopes, size_t size) {
  const uint64_t rights[] = {files, network, scopes};
  return (int)syscall(landlock_create_ruleset, rights, size, 0);
}

int clinux_landlock_allow_file(int rules, int file, uint64_t rights) {
  const struct {
    uint64_t rights;
    int32_t file;
  } __attribute__((packed)) rule = {rights, file};
  return (int)syscall(landlock_add_rule, rules, landlock_path_beneath, &rule, 0);
}

int clinux_landlock_allow_port(int rules, uint64_t port, uint64_t rights) {
  const uint64_t rule[] = {rights, port};
  return (int)syscall(landlock_add_rule, rules, landlock_net_port, rule, 0);
}

int clinux_landlock_restrict(int rules) { return (int)syscall(landlock_restrict_self, rules, 0); }

int clinux_filter_calls(const struct sock_filter *program, unsigned short count) {
  struct sock_fprog filter = {count, (struct sock_filter *)program};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}
