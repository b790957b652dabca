#define _GNU_SOURCE
#include "program_pages.h"

#include <link.h>

struct collected {
  struct clinux_range *ranges;
  size_t capacity, count;
};

static int collect(struct dl_phdr_info *object, size_t size, void *context) {
  struct collected *collected = context;
  for (size_t index = 0; index < object->dlpi_phnum; index++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
    if (segment->p_type != PT_LOAD) continue;
    if (collected->count < collected->capacity) {
      collected->ranges[collected->count] =
          (struct clinux_range){.start = object->dlpi_addr + segment->p_vaddr,
                                .size = segment->p_memsz,
                                .is_writable = (segment->p_flags & PF_W) != 0};
    }
    collected->count++;
  }
  return 0;
}

size_t clinux_program_segments(struct clinux_range *ranges, size_t capacity) {
  struct collected collected = {.ranges = ranges, .capacity = capacity};
  dl_iterate_phdr(collect, &collected);
  return collected.count;
}
