#include "sockets.h"

#include <linux/filter.h>
#include <sys/socket.h>

// The offset and bits of the flags in a TCP header, where a TCP socket's filter starts; RFC 9293 section 3.1.
#define TCP_FLAGS 13
#define TCP_SYN 0x02
#define TCP_ACK 0x10

int clinux_ignore_new_connections(int socket) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TCP_SYN | TCP_ACK),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TCP_SYN, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0),
    BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int clinux_take_new_connections(int socket) {
  int unused = 0;
  return setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}
