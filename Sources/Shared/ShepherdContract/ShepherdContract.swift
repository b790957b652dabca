import Glibc

/// The contract between supervisor and shepherd, apart from the order and the exit record.
public enum ShepherdContract {
  /// The descriptors that are open when a shepherd starts; 0, 1 and 2 are `/dev/null`.
  public enum Descriptor {
    /// The order, to be read from its beginning.
    public static let order: Int32 = 3
    /// The lock file; this open file description holds the lock.
    public static let lock: Int32 = 4
    /// The job's folder.
    public static let folder: Int32 = 5
    /// The output file, opened for appending.
    public static let output: Int32 = 6
    /// The folder of the job's control group; open only if the order names one.
    public static let controlGroup: Int32 = 7
    /// The file for standard error, opened for appending; open only if the order says so.
    public static let errors: Int32 = 8
    /// A packet socket to the supervisor, for `EndReport`; open only if the order says so.
    public static let report: Int32 = 9
    /// The script, sealed against changes; open only if the order says so.
    public static let script: Int32 = 10
  }

  /// The names of files in a job's folder.
  public enum FileName {
    /// The encoded `Order`.
    public static let order = "order"
    /// Locked for as long as the shepherd lives; contains a `LockRecord` once the shepherd runs.
    public static let lock = "lock"
    /// What the job writes to descriptor 1, and to descriptor 2 unless that has a separate file.
    public static let output = "output"
    /// What the job writes to descriptor 2; missing if it is merged with the output.
    public static let errors = "stderr"
    /// What the job reads from descriptor 0; missing if it reads nothing.
    public static let stdin = "stdin"
    /// The script that the job executes, if it is not open as `Descriptor.script`: in orders before version 5.
    public static let script = "script"
    /// The `MainRecord` of a job without a control group, once it has started.
    public static let main = "main"
    /// Why the job did not start in its home: the errno(3) value in decimal digits; missing if it did, or if the request names a directory.
    public static let home = "home"
    /// Who cancelled the job, as UTF-8; missing if nobody did. For a supervisor that starts after the cancellation.
    public static let cancel = "cancel"
    /// The encoded `ExitRecord`. Until the job ends, it holds `reservedExitBytes` zeros: the space is reserved before the job starts, so
    /// that a full disk cannot prevent the record from being written.
    public static let exit = "exit"
  }

  /// The shepherd's report of the end of the job to the supervisor that started it, before the record is on disk: a single fsync(2), of the
  /// ledger, then serves both.
  public enum EndReport {
    /// The shepherd's packet: the file `exit` holds the record, and the output is on disk.
    public static let ended: [UInt8] = [1]
    /// The supervisor's packet: the end is in the ledger, on disk. A shepherd that does not receive it within `patience`, or whose
    /// supervisor has gone, writes the record to disk itself.
    public static let taken: [UInt8] = [2]
    /// The time that the shepherd waits, in milliseconds.
    public static let patience: Int32 = 10_000
  }

  /// Tells a shepherd that the disk of the output was seen to be full. The default action is to ignore it, and so does a shepherd of an
  /// earlier version.
  public static let diskFullSignal = SIGURG

  /// The size of the file `exit` until the job ends, in bytes.
  public static let reservedExitBytes = ExitRecord.maximumBytes
}
