import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The run of a job, from the order to the exit record.
enum JobRun {
  /// Starts the job and waits until none of its processes is left. There is always an end to report.
  ///
  /// - Returns: the end, the files that the job wrote to, and the socket on which to report the end.
  static func toItsEnd(
    in folder: FileDescriptor, output: FileDescriptor, _ signals: SignalDescriptor
  ) -> (record: ExitRecord, written: [FileDescriptor], report: FileDescriptor?) {
    let startedAt = Clock.now()
    do {
      let order = try readOrder()
      clinux_set_title(ShepherdContract.Server.titleOfShepherd + order.id)
      let errors = order.separatesErrors ? FileDescriptor(owning: ShepherdContract.Descriptor.errors) : nil
      let report = order.reportsEnd ? FileDescriptor(owning: ShepherdContract.Descriptor.report) : nil
      let written = [output] + (errors.map { [$0] } ?? [])
      do {
        return (try run(order, in: folder, written, startedAt, signals), written, report)
      } catch {
        return (ExitRecord(startedAt: startedAt, finishedAt: Clock.now(), end: .couldNotStart(error)), written, report)
      }
    } catch {
      return (ExitRecord(startedAt: startedAt, finishedAt: Clock.now(), end: .couldNotStart(error)), [], nil)
    }
  }

  /// - Parameter written: the file of descriptor 1, and that of descriptor 2 if it is a separate one.
  private static func run(
    _ order: Order, in folder: FileDescriptor, _ written: [FileDescriptor], _ startedAt: Int64,
    _ signals: SignalDescriptor
  ) throws(StartFailure) -> ExitRecord {
    let start = Clock.monotonic()
    let group = order.controlGroup.map { _ in
      ControlGroup(FileDescriptor(owning: ShepherdContract.Descriptor.controlGroup))
    }
    var ends: [FileDescriptor] = []
    let output = try JobOutput(into: written, limit: order.outputLimit, order.identity, ends: &ends)
    let pipes = output.identities
    let started = try StartedJob(order, in: folder, output: ends[0], errors: ends[ends.count - 1], group)
    // At once: if the shepherd is killed before, some processes may not be found.
    if group == nil || order.leavesProcesses { started.note(in: folder, pipes: pipes) }
    // Now only the job has them open: its pipes end with it.
    ends.forEach { $0.close() }
    var watch = JobWatch(started.process, group, order, in: folder, output)
    watch.untilNothingIsLeft(signals)
    let reported = started.reported()
    if let fault = reported.homeFault { StartedJob.note(homeFault: fault, in: folder) }
    var record = ExitRecord(startedAt: startedAt, finishedAt: Clock.now(), end: reported.failure ?? watch.end)
    (record.outputDropped, record.diskFull) = watch.settle(startedAt: start)
    record.cause = watch.cause
    record.killed = watch.killed
    record.left = watch.left
    record.enterUsage(group)
    return record
  }

  private static func readOrder() throws(StartFailure) -> Order {
    do {
      let file = FileDescriptor(owning: ShepherdContract.Descriptor.order)
      return try Order(decoding: try file.readAll(limit: Order.maximumBytes))
    } catch let error as SystemError {
      throw StartFailure(stage: .order, code: error.code)
    } catch {
      throw StartFailure(stage: .order, code: EBADMSG)
    }
  }
}

extension ExitRecord {
  /// Enters what all processes of the job used: as the group counted it, otherwise as far as they were waited for; getrusage(2).
  fileprivate mutating func enterUsage(_ group: ControlGroup?) {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
    cpuMicroseconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
      $0 + UInt64($1.tv_sec) * 1_000_000 + UInt64($1.tv_usec)
    }
    peakMemoryBytes = UInt64(usage.ru_maxrss) * 1024
    cpuMicroseconds = group?.number("cpu.stat", "usage_usec") ?? cpuMicroseconds
    peakMemoryBytes = group?.number("memory.peak") ?? peakMemoryBytes
  }
}
