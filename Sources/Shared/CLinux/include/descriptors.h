#ifndef AGENTD_CLINUX_DESCRIPTORS_H
#define AGENTD_CLINUX_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

// sendmsg(2) of one buffer with SCM_RIGHTS. Returns the bytes sent, or -1 with errno.
ssize_t clinux_send_with_descriptors(int socket, const void *bytes, size_t count, const int *descriptors,
                                     size_t descriptor_count);

// recvmsg(2) into one buffer, with at most `descriptor_capacity` descriptors, all close-on-exec. Returns the bytes received, 0 at end of
// file, or -1 with errno; EMSGSIZE if the peer sent more descriptors than fit (all are closed).
ssize_t clinux_receive_with_descriptors(int socket, void *bytes, size_t capacity, int *descriptors,
                                        size_t descriptor_capacity, size_t *descriptor_count);

// renameat2(2) with RENAME_NOREPLACE: fails if the new name exists (EEXIST). Both names are in the folder. Returns 0, or -1 with errno.
int clinux_rename_new(int folder, const char *from, const char *to);

// Closes this descriptor and all above it. Does not allocate memory; never fails.
void clinux_close_from(unsigned int first);

// memfd_create(2): a file in memory, close-on-exec, that can be sealed and, if the kernel supports that, never executed. Returns a
// descriptor, or -1 with errno.
int clinux_memory_file(const char *name);

// fcntl(2) with F_ADD_SEALS: afterwards nobody can write, grow, shrink or unseal the file. Returns 0, or -1 with errno.
int clinux_seal(int file);

// fallocate(2) with FALLOC_FL_KEEP_SIZE: reserves disk space for the first `count` bytes of the file, whose size stays as it is. Returns 0,
// or -1 with errno; EOPNOTSUPP if the file system cannot.
int clinux_reserve(int file, off_t count);

#endif
