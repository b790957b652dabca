#ifndef AGENTD_CLINUX_DESCRIPTORS_H
#define AGENTD_CLINUX_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

// sendmsg(2) of one buffer with SCM_RIGHTS. Returns the bytes sent, or -1 with errno.
ssize_t clinux_send_with_descriptors(int socket, const void *bytes, size_t count, const int *descriptors,
                                     size_t descriptor_count);

// recvmsg(2) into one buffer; descriptors arrive close-on-exec, at most `descriptor_capacity` of them. Returns the bytes
// received, 0 at the end, or -1 with errno; EMSGSIZE when the peer sent more descriptors than fit (all are closed).
ssize_t clinux_receive_with_descriptors(int socket, void *bytes, size_t capacity, int *descriptors,
                                        size_t descriptor_capacity, size_t *descriptor_count);

#endif
