import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// From the order to the exit record.
enum JobRun {
  /// Starts the job and waits until nothing of it is left. It always has an end to tell.
  static func toItsEnd(
    in folder: FileDescriptor, output: FileDescriptor, _ signals: SignalDescriptor
  ) -> ExitRecord {
    let startedAt = Clock.now()
    let started: StartedJob
    let order: Order
    do {
      order = try readOrder()
      started = try StartedJob(order, in: folder, output: output)
    } catch {
      return ExitRecord(startedAt: startedAt, finishedAt: Clock.now(), end: .couldNotStart(error))
    }
    var watch = JobWatch(started.process, timeout: order.timeout, killGrace: order.killGrace)
    watch.untilNothingIsLeft(signals)
    var record = ExitRecord(startedAt: startedAt, finishedAt: Clock.now(), end: started.failure() ?? watch.end)
    record.cause = watch.cause
    record.leftoversKilled = watch.leftoversKilled
    record.left = watch.left
    record.enterUsage()
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
  /// What all processes of the job have used, as far as they were waited for; getrusage(2).
  fileprivate mutating func enterUsage() {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
    cpuMicroseconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
      $0 + UInt64($1.tv_sec) * 1_000_000 + UInt64($1.tv_usec)
    }
    peakMemoryBytes = UInt64(usage.ru_maxrss) * 1024
  }
}
