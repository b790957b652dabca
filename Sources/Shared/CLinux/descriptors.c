#define _GNU_SOURCE
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// SCM_MAX_FD in the kernel; see unix(7).
#define MAXIMUM_DESCRIPTORS 253

ssize_t clinux_send_with_descriptors(int socket, const void *bytes, size_t count, const int *descriptors,
                                     size_t descriptor_count) {
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * MAXIMUM_DESCRIPTORS)];
  struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (descriptor_count > MAXIMUM_DESCRIPTORS) {
    errno = EINVAL;
    return -1;
  }
  if (descriptor_count > 0) {
    memset(control, 0, sizeof control);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t clinux_receive_with_descriptors(int socket, void *bytes, size_t capacity, int *descriptors,
                                        size_t descriptor_capacity, size_t *descriptor_count) {
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * MAXIMUM_DESCRIPTORS)];
  struct iovec vector = {.iov_base = bytes, .iov_len = capacity};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  *descriptor_count = 0;
  ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (received < 0) return received;
  size_t total = 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
      if (total < descriptor_capacity) {
        descriptors[total] = descriptor;
      } else {
        close(descriptor);
      }
      total++;
    }
  }
  if (total > descriptor_capacity || (message.msg_flags & MSG_CTRUNC)) {
    for (size_t index = 0; index < total && index < descriptor_capacity; index++) close(descriptors[index]);
    errno = EMSGSIZE;
    return -1;
  }
  *descriptor_count = total;
  return received;
}

int clinux_rename_new(int folder, const char *from, const char *to) {
  return renameat2(folder, from, folder, to, RENAME_NOREPLACE);
}

// Linux 6.3; not in the headers of Debian 12.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int clinux_memory_file(const char *name) {
  int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  return file < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : file;
}

int clinux_reserve(int file, off_t count) { return fallocate(file, FALLOC_FL_KEEP_SIZE, 0, count); }

int clinux_seal(int file) { return fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL); }

// Without /proc there are no names to read: all numbers that can be open by default.
static void close_numbers(unsigned int first) {
  struct rlimit limit;
  unsigned int end = 65536;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > end && limit.rlim_cur < 1 << 20) end = limit.rlim_cur;
  for (unsigned int number = first; number < end; number++) close((int)number);
}

void clinux_close_from(unsigned int first) {
  // Older kernels lack it, and some container runtimes refuse it. closefrom(3) of the C library ends the process without /proc.
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    close_numbers(first);
    return;
  }
  struct entry {
    unsigned long long number;
    long long offset;
    unsigned short length;
    unsigned char type;
    char name[];
  };
  _Alignas(struct entry) char entries[4096];
  long count;
  while ((count = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
    for (long place = 0; place < count; place += ((struct entry *)(entries + place))->length) {
      const char *name = ((struct entry *)(entries + place))->name;
      unsigned int number = 0;
      for (const char *digit = name; *digit >= '0' && *digit <= '9'; digit++) number = number * 10 + (*digit - '0');
      if (*name != '.' && number >= first && (int)number != folder) close((int)number);
    }
  }
  close(folder);
}
