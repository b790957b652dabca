#ifndef AGENTD_CSQLITE_SHIM_H
#define AGENTD_CSQLITE_SHIM_H

#include <sqlite3.h>

#endif
