#ifndef AGENTD_CLINUX_SIGNALS_H
#define AGENTD_CLINUX_SIGNALS_H

#include <stddef.h>

// Blocks these signals for the calling thread and creates a signalfd(2) for them, close-on-exec and non-blocking. Returns the descriptor,
// or -1 with errno.
int clinux_signalfd(const int *signals, size_t count);

// Reads one signal from it. Returns its number, 0 if none is pending, or -1 with errno. *value is what the sender gave it with sigqueue(3),
// otherwise 0.
int clinux_read_signal(int descriptor, int *value);

#endif
