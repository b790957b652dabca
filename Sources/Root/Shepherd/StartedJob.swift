import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The job's main process, from fork(2) on.
struct StartedJob {
  /// Its process ID, which is also that of its session and group. It is not reused until the process is waited for.
  let process: pid_t
  private let report: FileDescriptor

  /// Starts the job, which writes to `output` and `errors`; these may be the same pipe.
  init(
    _ order: Order, in folder: FileDescriptor, output: FileDescriptor, errors: FileDescriptor, _ group: ControlGroup?
  ) throws(StartFailure) {
    let input = try Self.openInput(order, in: folder)
    let script = try Self.openScript(order, in: folder)
    let limits = order.resourceLimits.map {
      clinux_job_limit(resource: Int32($0.resource), soft: $0.soft, hard: $0.hard)
    }
    let candidates = CStringArray(ProgramPath.candidates(for: order.arguments[0], environment: order.environment))
    let arguments = CStringArray(order.arguments)
    let environment = CStringArray(order.environment)
    let directories = CStringArray([order.directory, Array("/".utf8)])
    let groups = order.identity?.groups ?? []
    var reportEnd: Int32 = -1
    process = limits.withUnsafeBufferPointer { limits in
      groups.withUnsafeBufferPointer { groups in
        var job = clinux_job(
          candidates: candidates.pointer, arguments: arguments.pointer, environment: environment.pointer,
          directory: directories.pointer[0], other_directory: order.mayStartInRoot ? directories.pointer[1] : nil,
          input: input.raw, output: output.raw, errors: errors.raw, script: script?.raw ?? -1,
          control_group: group?.folder.raw ?? -1,
          umask: order.umask, limits: limits.baseAddress, limit_count: limits.count,
          change_identity: order.identity != nil, user: order.identity?.user ?? 0, group: order.identity?.group ?? 0,
          groups: groups.baseAddress, group_count: groups.count)
        return Self.start(&job, &reportEnd)
      }
    }
    if process < 0 { throw StartFailure(stage: .process, code: errno) }
    report = FileDescriptor(owning: reportEnd)
  }

  /// How long to try again while the host refuses another process, in milliseconds. Then the shepherd gives its own place up, because other
  /// shepherds may wait for one like this one; the supervisor tries again later. Not the same for all.
  private static var patience: UInt64 { 200 + UInt64(getpid() % 8) * 50 }
  private static let pause: UInt32 = 10_000

  private static func start(_ job: inout clinux_job, _ reportEnd: inout Int32) -> pid_t {
    let deadline = Clock.monotonic() + patience
    while true {
      let process = clinux_start_job(&job, &reportEnd)
      if process >= 0 || errno != EAGAIN || Clock.monotonic() >= deadline { return process }
      usleep(pause)
    }
  }

  /// What the process reported before it executed the job's program.
  struct Report {
    /// Why it failed to execute it, if it did.
    var failure: ExitRecord.End?
    /// The errno(3) value with which its home refused it, if it did.
    var homeFault: Int32?
  }

  /// Returns what the process reported. Call it after the process has ended: it does not wait.
  func reported() -> Report {
    var reported = Report()
    var line = clinux_job_failure()
    let raw = report.raw
    try? report.setNonBlocking(true)
    let size = MemoryLayout<clinux_job_failure>.size
    while (try? checked("read", nil, { read(raw, &line, size) })) == size {
      if line.stage == Int32(CLINUX_JOB_HOME.rawValue) {
        reported.homeFault = line.code
      } else if let stage = StartFailure.Stage(rawValue: UInt32(bitPattern: line.stage)) {
        reported.failure = .couldNotStart(StartFailure(stage: stage, code: line.code))
      }
    }
    return reported
  }

  /// Records that the job started in another folder than its home.
  static func note(homeFault code: Int32, in folder: FileDescriptor) {
    let file = try? folder.open(ShepherdContract.FileName.home, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    try? file?.writeAll(Array("\(code)".utf8))
  }

  /// Opens the input before switching to the job's user, who may not have access to the folder.
  private static func openInput(_ order: Order, in folder: FileDescriptor) throws(StartFailure) -> FileDescriptor {
    do throws(SystemError) {
      if order.hasInput { return try folder.open(ShepherdContract.FileName.stdin, O_RDONLY) }
      return try .open("/dev/null", O_RDONLY)
    } catch {
      throw StartFailure(stage: .input, code: error.code)
    }
  }

  private static func openScript(_ order: Order, in folder: FileDescriptor) throws(StartFailure) -> FileDescriptor? {
    guard order.hasScript else { return nil }
    if order.scriptIsOpen { return FileDescriptor(owning: ShepherdContract.Descriptor.script) }
    do throws(SystemError) { return try folder.open(ShepherdContract.FileName.script, O_RDONLY) } catch {
      throw StartFailure(stage: .script, code: error.code)
    }
  }

  /// Records the main process for a supervisor that has to end the job in place of this shepherd: where there is no control group, to find
  /// it and what it started; where processes may stay, to know whether it has ended.
  func note(in folder: FileDescriptor, pipes: [FileIdentity]) {
    guard let fact = ProcessFact(process) else { return }
    let record = MainRecord(processID: process, startTime: fact.startTime, pipes: pipes)
    let file = try? folder.open(ShepherdContract.FileName.main, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    // A full disk, for example: the job is then found by its other marks.
    try? file?.writeAll(record.encoded)
  }
}

/// Where to look for a program.
enum ProgramPath {
  /// Returns the paths to try, in order: the program itself if it contains a slash, otherwise in each folder of the environment's PATH.
  ///
  /// To a shell an empty folder means the working directory; here it is skipped.
  static func candidates(for program: [UInt8], environment: [[UInt8]]) -> [[UInt8]] {
    let slash = UInt8(ascii: "/")
    if program.contains(slash) { return [program] }
    let name = Array("PATH=".utf8)
    guard let path = environment.first(where: { $0.starts(with: name) })?.dropFirst(name.count) else { return [] }
    return path.split(separator: UInt8(ascii: ":")).map { $0 + [slash] + program }
  }
}
