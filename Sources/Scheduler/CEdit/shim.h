// libedit for Swift: the interface that it shares with GNU readline.
#ifndef AGENTD_CEDIT_SHIM_H
#define AGENTD_CEDIT_SHIM_H

#include <stdio.h>
#include <editline/readline.h>

// Setters for variables that Swift cannot write.
static inline void cedit_set_completion(rl_completion_func_t *f) { rl_attempted_completion_function = f; }
static inline void cedit_end_completion(void) { rl_attempted_completion_over = 1; }

#endif
