#ifndef AGENTD_CLINUX_PROGRAM_PAGES_H
#define AGENTD_CLINUX_PROGRAM_PAGES_H

#include <stddef.h>

// A part of this process's memory, in bytes.
struct clinux_range {
  size_t start, size;
};

// The executable segments of the program and its libraries, as dl_iterate_phdr(3) has them. Returns how many there are; what is
// beyond `capacity` is left out.
size_t clinux_executable_segments(struct clinux_range *ranges, size_t capacity);

#endif
