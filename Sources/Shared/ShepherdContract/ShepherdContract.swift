import Glibc

/// What the supervisor and a shepherd agree on besides the order and the exit record.
public enum ShepherdContract {
  /// Descriptors that a shepherd finds open when it starts; 0, 1 and 2 are `/dev/null`.
  public enum Descriptor {
    /// The order, readable from its beginning.
    public static let order: Int32 = 3
    /// The lock file, with the lock held on this open file description.
    public static let lock: Int32 = 4
    /// The job's folder.
    public static let folder: Int32 = 5
    /// The output file, for appending.
    public static let output: Int32 = 6
    /// The folder of the job's control group; open only if the order names one.
    public static let controlGroup: Int32 = 7
    /// The file of what the job writes to descriptor 2, for appending; open only if the order says so.
    public static let errors: Int32 = 8
    /// A socket to the supervisor that keeps packets apart, for `EndReport`; open only if the order says so.
    public static let report: Int32 = 9
  }

  /// Names in a job's folder.
  public enum FileName {
    /// The `Order`, as bytes.
    public static let order = "order"
    /// Locked for the shepherd's life; holds a `LockRecord` once the shepherd runs.
    public static let lock = "lock"
    /// What the job writes to descriptor 1, and to descriptor 2 unless that has a file of its own.
    public static let output = "output"
    /// What the job writes to descriptor 2; missing if that goes with the output.
    public static let errors = "stderr"
    /// What the job reads from descriptor 0; missing if it reads nothing.
    public static let stdin = "stdin"
    /// The script that the job executes; missing if it executes a program.
    public static let script = "script"
    /// The `MainRecord` of a job without a control group, once it was started.
    public static let main = "main"
    /// Who cancelled the job, as UTF-8; missing if nobody did. For a supervisor that is started after the cancel.
    public static let cancel = "cancel"
    /// The `ExitRecord`, as bytes. Until the job has ended it holds `reservedExitBytes` zeros: its space is taken before the job
    /// starts, so that a full disk cannot keep the record from being written.
    public static let exit = "exit"
  }

  /// How a shepherd tells the supervisor that started it of the job's end, before that is on the disk: then one fsync(2), of the
  /// ledger, does for both.
  public enum EndReport {
    /// The shepherd's packet: the file `exit` holds the record, and what the job wrote is on the disk.
    public static let ended: [UInt8] = [1]
    /// The supervisor's: the end is in the ledger, on the disk. A shepherd that is not told so within `patience`, or whose
    /// supervisor has gone, puts the record on the disk itself.
    public static let taken: [UInt8] = [2]
    /// Milliseconds.
    public static let patience: Int32 = 10_000
  }

  /// Tells a shepherd that the disk of the output was seen full. Ignored by default, which is what a shepherd of an earlier
  /// version does with it.
  public static let diskFullSignal = SIGURG

  /// The size of the file `exit` until the job has ended.
  public static let reservedExitBytes = ExitRecord.maximumBytes
}
