import ShepherdContract

/// Records that use every field, and every kind of end.
enum Samples {
  static let orders: [Order] = {
    let plain = Order(
      id: "job", arguments: [Array("/bin/true".utf8)], environment: [], directory: Array("/".utf8), killGrace: 0)
    var full = Order(
      id: "nightly-2026.11_23", arguments: [Array("/bin/echo".utf8), [], [0xff, 0x0a, 0x27, 0x24]],
      environment: [Array("A=b\nc".utf8), Array("EMPTY=".utf8)], directory: Array("/srv/dätä".utf8),
      killGrace: 3_600_000)
    full.identity = Order.Identity(user: 65534, group: 0, groups: [0, 1, 4_294_967_294])
    full.timeout = 31_622_400_000
    full.outputLimit = 1 << 50
    full.hasInput = true
    full.mayStartInRoot = true
    full.hasScript = true
    full.scriptIsOpen = true
    full.separatesErrors = true
    full.reportsEnd = true
    full.leavesProcesses = true
    full.controlGroup = Array("/sys/fs/cgroup/agentd/job".utf8)
    full.memoryLimit = 1 << 40
    full.umask = 0o077
    full.resourceLimits = [.init(resource: 7, soft: 1024, hard: .max)]
    return [plain, full]
  }()

  static let exits: [ExitRecord] = {
    let ends: [ExitRecord.End] =
      [.exited(0), .exited(255), .signalled(1), .signalled(64)]
      + StartFailure.Stage.allCases.map { .couldNotStart(StartFailure(stage: $0, code: 2)) }
    return ends.flatMap { end in
      ExitRecord.Cause.allCases.map { cause in
        var record = ExitRecord(startedAt: 1_763_900_000_123, finishedAt: -1, end: end)
        record.cause = cause
        record.cpuMicroseconds = .max
        record.peakMemoryBytes = 9_125_888
        record.killed = 7
        record.left = .max
        record.outputDropped = 1 << 40
        record.diskFull = true
        return record
      }
    }
  }()
}
