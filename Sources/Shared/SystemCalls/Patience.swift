import CLinux
import Glibc

/// Repeats a call that creates a process while the host has no room for one (EAGAIN), for at most two seconds; fork(2). It blocks, so it is
/// for a start, before there is anything to keep up.
public func patiently<Result>(_ body: () throws(SystemError) -> Result) throws(SystemError) -> Result {
  for _ in 0..<100 {
    do throws(SystemError) { return try body() } catch  where error.code == EAGAIN { usleep(20_000) }
  }
  return try body()
}

/// Forks as `patiently` does; fork(2). For a process with one thread.
public func forkPatiently() throws(SystemError) -> pid_t {
  try patiently { () throws(SystemError) in try checked("fork") { clinux_fork() } }
}
