import AgentConfiguration
import Glibc
import JobLaunch
import JobLedger
import SystemCalls

/// The files and folders that a running agentd keeps open.
struct HostFiles {
  /// Held for the life of the process: there is one agentd per runtime folder.
  let pidFile: PidFile
  /// The record of all jobs.
  let ledger: JobLedger
  /// The jobs' folders.
  let launcher: JobLauncher
  /// The folders of jobs that the ledger does not know, if they were just set aside.
  let unknown: JobLauncher?

  /// Claims the pid file, opens the ledger and finds the shepherd. Missing folders are created.
  init(_ configuration: AgentConfiguration) throws(StartFailure) {
    let paths = configuration.paths
    pidFile = try Self.claim(paths)
    try Self.makeState(paths.state)
    let path = "\(paths.state)/ledger.sqlite"
    let aside = try required(orExit: EX_CANTCREAT) { () throws(SystemError) in
      try UnknownJobs.setAside(in: paths.state, ledger: path)
    }
    do throws(LedgerError) { ledger = try JobLedger(path: path) } catch { throw StartFailure(error) }
    (launcher, unknown) = try required(orExit: EX_OSFILE) { () throws(SystemError) in
      let shepherd = try JobLauncher.installedShepherd()
      return (
        try JobLauncher(folder: "\(paths.state)/jobs", shepherd: shepherd),
        try aside.map { aside throws(SystemError) in try JobLauncher(folder: aside, shepherd: shepherd) }
      )
    }
  }

  /// Creates the state folder, and refuses one that others could put jobs into.
  static func makeState(_ state: String) throws(StartFailure) {
    let status = try required(orExit: EX_CANTCREAT) { () throws(SystemError) in
      try Folder.make(state, mode: 0o700)
      return try FileDescriptor.open(state, O_RDONLY | O_DIRECTORY).status(state)
    }
    let mode = String(status.st_mode & 0o7777, radix: 8)
    if status.st_uid != geteuid() {
      throw StartFailure(
        EX_NOPERM, "\(state): belongs to user ID \(status.st_uid), not to this user (\(geteuid()))",
        hint: "run agentd as that user, or name another folder in [paths] state")
    }
    if status.st_mode & 0o022 != 0 {
      throw StartFailure(
        EX_CONFIG, "\(state): others can write to it (mode \(mode))", hint: "fix it with: chmod 700 \(state)")
    }
  }

  private static func claim(_ paths: AgentConfiguration.Paths) throws(StartFailure) -> PidFile {
    let claimed = try required(orExit: EX_CANTCREAT) { () throws(SystemError) in
      try Folder.make(paths.runtime, mode: 0o755)
      return try claimPatiently(paths.pidFile)
    }
    if let claimed { return claimed }
    let holder = (try? PidFile.holder(of: paths.pidFile))?.processID
    throw StartFailure(
      EX_TEMPFAIL, "agentd is already running\(holder.map { " as process \($0)" } ?? "") (\(paths.pidFile))",
      hint: holder.map { "reload it with: kill -HUP \($0), or stop it with: kill \($0)" })
  }
  /// Claims the pid file, retrying for a short time.
  ///
  /// A process that a killed agentd was just starting holds the lock until it executes its program; the lock then names no holder.
  private static func claimPatiently(_ path: String) throws(SystemError) -> PidFile? {
    for _ in 0..<100 {
      if let claimed = try PidFile.claim(path) { return claimed }
      if try PidFile.holder(of: path) != nil { return nil }
      usleep(20_000)
    }
    return try PidFile.claim(path)
  }
}
