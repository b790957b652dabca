import Glibc

/// The contract between supervisor and shepherd, apart from the order and the exit record.
public enum ShepherdContract {
  /// The descriptors that are open when a shepherd starts; 0, 1 and 2 are `/dev/null`.
  public enum Descriptor {
    /// The order, to be read from its beginning: a sealed file in memory. An earlier supervisor passes a file in the job's folder.
    public static let order: Int32 = 3
    /// The lock file; this open file description holds the lock. Space for `reservedExitBytes` is reserved, so that a full disk cannot
    /// prevent the exit record from being written.
    public static let lock: Int32 = 4
    /// The job's folder.
    public static let folder: Int32 = 5
    /// The output file, open for writing.
    public static let output: Int32 = 6
    /// The folder of the job's control group; open only if the order names one.
    public static let controlGroup: Int32 = 7
    /// The file for standard error, open for writing; open only if the order says so.
    public static let errors: Int32 = 8
    /// A packet socket to the supervisor, for `StartReport` and `EndReport`; open only if the order says so.
    public static let report: Int32 = 9
    /// The script, sealed against changes; open only if the order says so.
    public static let script: Int32 = 10
  }

  /// The names of files in a job's folder.
  public enum FileName {
    /// The encoded `Order`, if an earlier supervisor gave it.
    public static let order = "order"
    /// Locked for as long as the job runs; contains a `LockRecord` once the shepherd runs. At the job's end the `LockRecord` is replaced by
    /// the `ExitRecord`, and the file renamed to `exit`.
    public static let lock = "lock"
    /// What the job writes to descriptor 1, and to descriptor 2 unless that has a separate file.
    public static let output = "output"
    /// What the job writes to descriptor 2; missing if it is merged with the output.
    public static let errors = "stderr"
    /// What the job reads from descriptor 0; missing if it reads nothing.
    public static let stdin = "stdin"
    /// The script that the job executes, if it is not open as `Descriptor.script`: in orders before version 5.
    public static let script = "script"
    /// The `MainRecord` of a job without a control group, or that may leave processes, once it has started.
    public static let main = "main"
    /// Why the job did not start in its home: the errno(3) value in decimal digits; missing if it did, or if the request names a directory.
    public static let home = "home"
    /// Who cancelled the job, as UTF-8; missing if nobody did. Written before the shepherd gets SIGTERM: without it, and without
    /// `cancellation`, that signal means that the host is shut down.
    public static let cancel = "cancel"
    /// The encoded `ExitRecord`; missing until the job ends. If the file system cannot reserve space for the file `lock`, or an earlier
    /// supervisor ordered the job, it exists from the start, with `reservedExitBytes` zeros, and the file `lock` keeps its name.
    public static let exit = "exit"
  }

  /// The process that forks the shepherds. Its supervisor starts it with `title` as its only argument and `socket` open.
  ///
  /// Each packet on the socket orders one shepherd: it consists of the numbers, one byte each, at which the shepherd gets the descriptors
  /// that come with the packet. The server ends when the supervisor has gone, without carrying out what it has not yet read.
  public enum Server {
    /// The packet socket to the supervisor.
    public static let socket: Int32 = 3
    /// What ps(1) shows of the server.
    public static let title = "agentd: shepherds"
    /// What ps(1) shows of a shepherd, before the job's id.
    public static let titleOfShepherd = "agentd-shepherd: "
    /// The length of the server's argument, which limits the titles of its shepherds: room for the longest job id.
    public static let titleBytes = 160
    /// The descriptors that a shepherd can get.
    public static let descriptors: ClosedRange<UInt8> = 3...32
  }

  /// What a supervisor that ordered a shepherd from the server learns of its start.
  public enum StartReport: Equatable, Sendable {
    /// The shepherd runs, and has written its `LockRecord`. Its pidfd comes with the packet, if the kernel supplies one.
    case started(pid_t)
    /// The server could not fork a shepherd; the value of errno(3).
    case failed(Int32)

    /// The size of a packet, in bytes.
    public static let bytes = 5

    /// The packet.
    public var encoded: [UInt8] {
      let (kind, number): (UInt8, Int32) =
        switch self {
        case .started(let process): (3, process)
        case .failed(let code): (4, code)
        }
      return [kind] + withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// Decodes a packet; returns `nil` if it is another one.
    public init?(decoding packet: some Collection<UInt8>) {
      guard packet.count == Self.bytes, let kind = packet.first else { return nil }
      let number = packet.dropFirst().reversed().reduce(0) { $0 << 8 | UInt32($1) }
      switch kind {
      case 3: self = .started(pid_t(bitPattern: number))
      case 4: self = .failed(Int32(bitPattern: number))
      default: return nil
      }
    }
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

  /// The value that SIGTERM carries, as with sigqueue(3), if it cancels the job: the file `cancel` may be missing, for example on a full disk.
  public static let cancellation: Int32 = 0x4167_7463

  /// The capacity of the pipes that a job writes its output to, in bytes, as far as the kernel allows: what a killed shepherd can lose.
  public static let pipeBytes = 256 << 10

  /// The disk space that is reserved for the exit record, in bytes.
  public static let reservedExitBytes = ExitRecord.maximumBytes
}
