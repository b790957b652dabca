import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The job's main process, from fork(2) on.
struct StartedJob {
  /// Its process number, which is its session's and group's as well. It stays its own until it is waited for.
  let process: pid_t
  private let report: FileDescriptor

  /// Opens the job's files and starts it.
  init(_ order: Order, in folder: FileDescriptor) throws(StartFailure) {
    // Opened before the job's user is taken on: the user may not reach them by name.
    let output = try Self.open(.output) { () throws(SystemError) in
      try folder.open(ShepherdContract.FileName.output, O_WRONLY | O_APPEND)
    }
    let input = try Self.open(.input) { () throws(SystemError) in
      order.hasInput ? try folder.open(ShepherdContract.FileName.stdin, O_RDONLY) : try .open("/dev/null", O_RDONLY)
    }
    let candidates = CStringArray(ProgramPath.candidates(for: order.arguments[0], environment: order.environment))
    let arguments = CStringArray(order.arguments)
    let environment = CStringArray(order.environment)
    let directory = CStringArray([order.directory])
    let groups = order.identity?.groups ?? []
    var reportEnd: Int32 = -1
    process = groups.withUnsafeBufferPointer { groups in
      var job = clinux_job(
        candidates: candidates.pointer, arguments: arguments.pointer, environment: environment.pointer,
        directory: directory.pointer[0], input: input.raw, output: output.raw,
        change_identity: order.identity != nil, user: order.identity?.user ?? 0, group: order.identity?.group ?? 0,
        groups: groups.baseAddress, group_count: groups.count)
      return clinux_start_job(&job, &reportEnd)
    }
    if process < 0 { throw StartFailure(stage: .process, code: errno) }
    report = FileDescriptor(owning: reportEnd)
  }

  /// Why the process did not become the job's program, if so. To be asked when it has ended: it does not wait.
  func failure() -> ExitRecord.End? {
    var failure = clinux_job_failure()
    let raw = report.raw
    try? report.setNonBlocking(true)
    let size = MemoryLayout<clinux_job_failure>.size
    guard (try? checked("read", nil, { read(raw, &failure, size) })) == size,
      let stage = StartFailure.Stage(rawValue: UInt32(failure.stage))
    else { return nil }
    return .couldNotStart(StartFailure(stage: stage, code: failure.code))
  }

  private static func open(
    _ stage: StartFailure.Stage, _ body: () throws(SystemError) -> FileDescriptor
  ) throws(StartFailure) -> FileDescriptor {
    do { return try body() } catch { throw StartFailure(stage: stage, code: error.code) }
  }
}

/// Where a program may lie.
enum ProgramPath {
  /// The paths to try, in order: the program itself if it has a slash, else in each folder of the environment's PATH. An empty
  /// folder there means the working directory to shells; here it is passed over.
  static func candidates(for program: [UInt8], environment: [[UInt8]]) -> [[UInt8]] {
    let slash = UInt8(ascii: "/")
    if program.contains(slash) { return [program] }
    let name = Array("PATH=".utf8)
    guard let path = environment.first(where: { $0.starts(with: name) })?.dropFirst(name.count) else { return [] }
    return path.split(separator: UInt8(ascii: ":")).map { $0 + [slash] + program }
  }
}
