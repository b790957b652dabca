#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int clinux_signalfd(const int *signals, size_t count) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t index = 0; index < count; index++) sigaddset(&set, signals[index]);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_read_signal(int descriptor, int *value) {
  struct signalfd_siginfo information;
  ssize_t count = read(descriptor, &information, sizeof information);
  *value = count > 0 && information.ssi_code == SI_QUEUE ? information.ssi_int : 0;
  if (count < 0) return errno == EAGAIN ? 0 : -1;
  return (int)information.ssi_signo;
}
