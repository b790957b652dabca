#include "detach.h"

#include <unistd.h>

pid_t clinux_fork(void) { return fork(); }
