// libedit for Swift: the interface that it shares with GNU readline.
#ifndef AGENTD_CEDIT_SHIM_H
#define AGENTD_CEDIT_SHIM_H

#include <stdio.h>
#include <termios.h>
#include <editline/readline.h>

// Variables that Swift cannot use.
static inline void cedit_set_completion(rl_completion_func_t *f) { rl_attempted_completion_function = f; }
static inline void cedit_end_completion(void) { rl_attempted_completion_over = 1; }
static inline void cedit_append(int c) { rl_completion_append_character = c; }
static inline void cedit_end_line(void) { rl_done = 1; }
static inline const char *cedit_line(void) { return rl_line_buffer; }

// Replaces the character that interrupts; returns the one before.
static inline unsigned char cedit_set_interrupt(struct termios *settings, unsigned char c) {
  unsigned char before = settings->c_cc[VINTR];
  settings->c_cc[VINTR] = c;
  return before;
}

#endif
