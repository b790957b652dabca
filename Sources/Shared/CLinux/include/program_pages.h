#ifndef AGENTD_CLINUX_PROGRAM_PAGES_H
#define AGENTD_CLINUX_PROGRAM_PAGES_H

#include <stdbool.h>
#include <stddef.h>

// A range of this process's memory, in bytes.
struct clinux_range {
  size_t start, size;
  bool is_writable;
};

// Returns the number of segments (code, constants, data) of the program and its libraries, as listed by dl_iterate_phdr(3); segments beyond
// `capacity` are omitted.
size_t clinux_program_segments(struct clinux_range *ranges, size_t capacity);

#endif
