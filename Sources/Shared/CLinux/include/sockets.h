#ifndef AGENTD_CLINUX_SOCKETS_H
#define AGENTD_CLINUX_SOCKETS_H

// SO_ATTACH_FILTER, socket(7): a listening TCP socket ignores segments that ask for a new connection (SYN without ACK).
// Connections that are being made or wait for accept(2) are not affected. Returns 0, or -1 with errno.
int clinux_ignore_new_connections(int socket);

// SO_DETACH_FILTER: takes that back. Returns 0, or -1 with errno; ENOENT when there is no filter.
int clinux_take_new_connections(int socket);

#endif
