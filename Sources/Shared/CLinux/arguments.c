#include "arguments.h"

static int count;
static char *const *arguments;

// The Swift runtime's own: it reads the arguments from /proc/self/cmdline unless it is told them.
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count) __attribute__((weak));

// The C library passes what main() gets to all functions that run before it.
__attribute__((constructor)) static void keep_arguments(int given_count, char **given) {
  count = given_count;
  arguments = given;
  if (_swift_stdlib_overrideUnsafeArgvArgc) _swift_stdlib_overrideUnsafeArgvArgc(given, given_count);
}

int clinux_argument_count(void) { return count; }

const char *clinux_argument(int index) { return index >= 0 && index < count ? arguments[index] : ""; }
