// The Linux calls that Swift cannot make itself: variadic calls, macros, fork. No logic in here.
#ifndef AGENTD_CLINUX_H
#define AGENTD_CLINUX_H

#include "descriptors.h"
#include "processes.h"

#endif
