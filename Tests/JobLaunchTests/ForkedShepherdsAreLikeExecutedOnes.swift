import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls
import TestSupport
import Testing

@testable import JobLaunch

/// Goal: a shepherd that the server has forked has nothing of the server, of its supervisor, or of another job: it is like one that was
/// executed for its job, as an earlier agentd did.
struct ForkedShepherdsAreLikeExecutedOnes {
  private static let script = "echo ready; sleep 1000"

  private func started(_ bench: JobBench, _ id: String, secret: String) async throws -> RunningJob {
    var request = JobRequest.shell(Self.script)
    request.environment = ["SECRET": secret]
    let job = try bench.start(id, request)
    try await wait(for: "the job") { try bench.output(of: job) == "ready\n" }
    return job
  }

  /// Executes a shepherd as an agentd did that had no server, with files for order and exit record.
  private func executed(_ bench: JobBench, _ id: String) throws -> ProcessHandle {
    let id = JobID(id)!
    let account = try Account.resolve(nil)
    let order = try Order(id, .shell(Self.script), account, mark: 1, outputLimit: nil, bench.launcher.surroundings)
    let folder = try JobFolder.make(id, in: bench.launcher.jobs)
    try folder.write(ShepherdContract.FileName.order, try order.encoded())
    try folder.write(
      ShepherdContract.FileName.exit, [UInt8](repeating: 0, count: ShepherdContract.reservedExitBytes))
    let lock = try folder.makeLock()
    let orderFile = try folder.descriptor.open(ShepherdContract.FileName.order, O_RDONLY)
    let report = try FileDescriptor.packetPair().1
    var program = Program(
      try BuiltProduct.path("agentd-shepherd"), arguments: ["agentd-shepherd: \(id)"],
      descriptors: [
        nil, nil, nil, orderFile, lock, folder.descriptor, try folder.makeOutput(.stdout), nil, nil, report,
      ])
    program.environment = []
    program.directory = "/"
    program.newSession = true
    return try program.start()
  }

  @Test func filesSignalsAndSurroundings() async throws {
    let bench = try JobBench()
    let others = [try await started(bench, "other-1", secret: "x"), try await started(bench, "other-2", secret: "y")]
    let forked = try await started(bench, "forked-1", secret: "z")
    let executed = try executed(bench, "executed")
    let output = bench.home.path("jobs/executed/output")
    try await wait(for: "the job") { (try? DurableFile.read(output, limit: 100)) == Array("ready\n".utf8) }

    let (ours, theirs) = (Look(forked.shepherd.processID), Look(executed.processID))
    // Its exit record has a file of its own from the start.
    #expect(Set(ours.files) == Set(theirs.files).subtracting(["JOB/exit"]))
    #expect(ours.files.count { $0 == "/dev/null" } == 3 && ours.files.contains("JOB/lock"), "\(ours.files)")
    #expect(ours.signals == theirs.signals && ours.signals.count == 3, "\(ours.signals) \(theirs.signals)")
    #expect(ours.environment == [] && theirs.environment == [])
    #expect(ours.directory == "/" && theirs.directory == "/")
    #expect(getsid(forked.shepherd.processID) == forked.shepherd.processID)
    #expect(ours.title == "agentd-shepherd: forked-1\0" && theirs.title == "agentd-shepherd: executed\0")
    #expect(ours.name == "agentd-shepherd\n")
    let server = try #require(bench.launcher.shepherds.process).processID
    #expect(Look(server).title == "agentd: shepherds\0")
    // It holds its socket and nothing else.
    #expect(Look(server).files.count == 4 && Look(server).files.count { $0 == "/dev/null" } == 3)

    // What the executed one leaves is found as ever.
    try executed.send(SIGTERM, value: ShepherdContract.cancellation)
    try await wait(for: "its end") { executed.hasEnded }
    guard case .ended(let outcome) = try bench.launcher.recover(JobID("executed")!) else {
      Issue.record("no end")
      return
    }
    #expect(outcome.state == .cancelled)
    for job in others + [forked] { try job.cancel() }
    for job in others + [forked] { #expect(try await bench.end(of: job).state == .cancelled) }
  }

  /// The order of a job has its environment, which may be secret.
  @Test func memory() async throws {
    let bench = try JobBench()
    // Assembled here, so that it is in no program's text.
    let secrets = (0..<2).map { "secret-\($0)-of-" + String(UInt64.random(in: .min ... .max), radix: 36) + "-alone" }
    let first = try await started(bench, "first", secret: secrets[0])
    let second = try await started(bench, "second", secret: secrets[1])
    let server = try #require(bench.launcher.shepherds.process).processID
    #expect(try Memory.of(first.shepherd.processID, contains: secrets) == [true, false])
    #expect(try Memory.of(second.shepherd.processID, contains: secrets) == [false, true])
    #expect(try Memory.of(server, contains: secrets) == [false, false])
    for job in [first, second] { try job.cancel() }
  }

  @Test func anEmptyPacketOrNonsenseHarmsNoServer() async throws {
    let bench = try JobBench()
    let server = try bench.launcher.shepherds.start()
    let null = try FileDescriptor.open("/dev/null", O_RDWR)
    for number: Int32 in [0, 2, 33, 255] { try bench.launcher.shepherds.order([(number, null)]) }
    try bench.launcher.shepherds.order([(4, null), (4, null)])
    #expect(try await bench.run(.shell("exit 3")).outcome.exitCode == 3)
    #expect(bench.launcher.shepherds.process === server)
  }
}

/// What proc(5) shows of a process.
private struct Look {
  /// What its descriptors refer to, without what differs from job to job.
  let files: [String]
  let signals: [String]
  let environment: [UInt8]
  let directory: String
  let title: String
  let name: String

  init(_ process: pid_t) {
    func read(_ name: String) -> String {
      String(decoding: (try? DurableFile.read("/proc/\(process)/\(name)", limit: 1 << 20)) ?? [], as: UTF8.self)
    }
    func target(_ name: String) -> String {
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/\(process)/\(name)", &buffer, buffer.count)
      return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    }
    let numbers = (try? Folder.names(in: "/proc/\(process)/fd")) ?? []
    files = numbers.map { target("fd/\($0)") }.map { file in
      if let colon = file.firstIndex(of: ":"), !file.hasPrefix("/") { return String(file[..<colon]) }
      return file.replacing(#/^/.*/jobs/[^/]*/#, with: "JOB")
    }.sorted()
    // What is ignored is inherited from the process that started it, and means nothing while all is blocked.
    signals = read("status").split(separator: "\n").map(String.init).filter { line in
      ["SigPnd", "SigBlk", "SigCgt"].contains { line.hasPrefix($0) }
    }
    environment = Array(read("environ").utf8)
    directory = target("cwd")
    (title, name) = (read("cmdline"), read("comm"))
  }
}

/// The memory of another process.
private enum Memory {
  /// Returns which of these texts it contains.
  static func of(_ process: pid_t, contains texts: [String]) throws -> [Bool] {
    let maps = String(decoding: try DurableFile.read("/proc/\(process)/maps", limit: 1 << 22), as: UTF8.self)
    let memory = try FileDescriptor.open("/proc/\(process)/mem", O_RDONLY)
    var found = texts.map { _ in false }
    for line in maps.split(separator: "\n") where line.split(separator: " ")[1].hasPrefix("rw") {
      let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { Int($0, radix: 16) }
      var bytes = [UInt8](repeating: 0, count: ends[1] - ends[0])
      let count = pread(memory.raw, &bytes, bytes.count, off_t(ends[0]))
      if count <= 0 { continue }
      for (index, text) in texts.enumerated() where !found[index] {
        found[index] = contains(bytes[..<count], Array(text.utf8))
      }
    }
    return found
  }

  private static func contains(_ bytes: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var start = 0
      while start + wanted.count <= bytes.count,
        let next = memchr(bytes.baseAddress! + start, Int32(wanted[0]), bytes.count - wanted.count - start + 1)
      {
        if memcmp(next, wanted, wanted.count) == 0 { return true }
        start = UnsafeRawPointer(next) - bytes.baseAddress! + 1
      }
      return false
    }
  }
}
