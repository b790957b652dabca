#ifndef AGENTD_CLINUX_SOCKETS_H
#define AGENTD_CLINUX_SOCKETS_H

// SO_ATTACH_FILTER, socket(7): makes a listening TCP socket ignore segments that request a new connection (SYN without ACK). Connections
// that are being established or waiting for accept(2) are not affected. Returns 0, or -1 with errno.
int clinux_ignore_new_connections(int socket);

// SO_DETACH_FILTER: accepts new connections again. Returns 0, or -1 with errno; ENOENT if there is no filter.
int clinux_take_new_connections(int socket);

#endif
