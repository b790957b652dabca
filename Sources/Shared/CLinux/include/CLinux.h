// The Linux calls that Swift cannot make itself: variadic calls, macros, fork. This module contains no logic.
#ifndef AGENTD_CLINUX_H
#define AGENTD_CLINUX_H

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "arguments.h"
#include "calls.h"
#include "descriptors.h"
#include "detach.h"
#include "identity.h"
#include "job.h"
#include "pipes.h"
#include "role_spawn.h"
#include "processes.h"
#include "program_pages.h"
#include "sandbox.h"
#include "signals.h"
#include "sockets.h"

#endif
