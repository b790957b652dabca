import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The process that runs one job.
///
/// It starts the job, ends it when it times out or on SIGTERM, waits until none of its processes is left, and either leaves the exit record
/// on disk or has the supervisor enter the end into the ledger.
///
/// It holds the lock it was given for its whole life, which tells a later supervisor that it is alive.
public enum ShepherdProcess {
  /// Runs the shepherd server if that is what the process was started as, and otherwise a job: an earlier supervisor, after an upgrade,
  /// executes this program for each.
  ///
  /// - Returns: the process's exit code (sysexits(3)).
  public static func main() -> Int32 {
    String(cString: clinux_title()).hasPrefix(ShepherdContract.Server.title)
      ? ShepherdServer.main() : run(reportsStart: false)
  }

  /// Runs the job ordered on descriptor `ShepherdContract.Descriptor.order`.
  ///
  /// - Parameter reportsStart: whether the supervisor expects a `StartReport`.
  /// - Returns: the process's exit code (sysexits(3)); other than 0 if there is no exit record.
  static func run(reportsStart: Bool) -> Int32 {
    let folder = FileDescriptor(owning: ShepherdContract.Descriptor.folder)
    let lock = FileDescriptor(owning: ShepherdContract.Descriptor.lock)
    let output = FileDescriptor(owning: ShepherdContract.Descriptor.output)
    do {
      let signals = try SignalDescriptor([SIGCHLD, SIGTERM])
      try blockSignals()
      try checked("prctl") { clinux_become_subreaper() }
      let exit = try ExitFile(in: folder, lock)
      // Last before the start: if the lock is empty, the job did not run, as long as the power stayed on.
      try lock.writeAll(LockRecord(processID: getpid(), bootID: bootID).encoded)
      if reportsStart { StartReport.sendStart() }
      let (record, written, report) = JobRun.toItsEnd(in: folder, output: output, signals)
      try exit.complete(with: record, written) { report.map(EndReport.isTaken) ?? false }
      withExtendedLifetime(lock) {}
      return 0
    } catch {
      return EX_IOERR
    }
  }

  /// Read once: by the server, for all its shepherds.
  static let bootID = LockRecord.presentBootID()

  /// Blocks all signals, as the shepherd is started: those that it awaits are pending until it reads them, and no other that somebody sends
  /// to it by name or from a terminal has an effect.
  private static func blockSignals() throws(SystemError) {
    var all = sigset_t()
    sigfillset(&all)
    try checked("sigprocmask") { sigprocmask(SIG_SETMASK, &all, nil) }
  }
}
