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
  }

  /// Names in a job's folder.
  public enum FileName {
    /// The `Order`, as bytes.
    public static let order = "order"
    /// Locked for the shepherd's life; holds a `LockRecord` once the shepherd runs.
    public static let lock = "lock"
    /// What the job writes to descriptors 1 and 2.
    public static let output = "output"
    /// What the job reads from descriptor 0; missing if it reads nothing.
    public static let stdin = "stdin"
    /// The `ExitRecord`, as bytes. Until the job has ended it holds `reservedExitBytes` zeros: its space is taken before the job
    /// starts, so that a full disk cannot keep the record from being written.
    public static let exit = "exit"
  }

  /// The size of the file `exit` until the job has ended.
  public static let reservedExitBytes = ExitRecord.maximumBytes
}
