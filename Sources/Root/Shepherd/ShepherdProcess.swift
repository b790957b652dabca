import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The process that runs one job: it starts it, ends it when its time is over or when it is told to (SIGTERM), waits until
/// nothing of it is left and leaves the exit record on disk, or has it taken into the ledger.
///
/// It holds the lock it was given for its whole life; that is how a later supervisor knows that it lives.
public enum ShepherdProcess {
  /// Runs the job ordered on descriptor `ShepherdContract.Descriptor.order`.
  ///
  /// - Returns: the process's exit code (sysexits(3)); other than 0 if there is no exit record.
  public static func main() -> Int32 {
    let folder = FileDescriptor(owning: ShepherdContract.Descriptor.folder)
    let lock = FileDescriptor(owning: ShepherdContract.Descriptor.lock)
    let output = FileDescriptor(owning: ShepherdContract.Descriptor.output)
    do {
      // Signals first: one that came in before is pending, because the shepherd is started with all of them blocked.
      let signals = try SignalDescriptor(awaitedSignals)
      try ignoreTerminalSignals()
      try checked("prctl") { clinux_become_subreaper() }
      let exit = try ExitFile(in: folder)
      // Last before the start: without it, as long as the power stays on, the job did not run.
      try lock.writeAll(LockRecord(processID: getpid(), bootID: LockRecord.presentBootID()).encoded)
      let (record, written, report) = JobRun.toItsEnd(in: folder, output: output, signals)
      try exit.complete(with: record, written) { report.map(EndReport.isTaken) ?? false }
      withExtendedLifetime(lock) {}
      return 0
    } catch {
      return EX_IOERR
    }
  }

  private static let awaitedSignals = [SIGCHLD, SIGTERM, ShepherdContract.diskFullSignal]

  /// Those that a terminal or a closed pipe sends have no meaning for a shepherd.
  private static func ignoreTerminalSignals() throws(SystemError) {
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
    var none = sigset_t()
    sigemptyset(&none)
    for number in awaitedSignals { sigaddset(&none, number) }
    try checked("sigprocmask") { sigprocmask(SIG_SETMASK, &none, nil) }
  }
}
