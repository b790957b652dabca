import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport
import Testing

/// Goal: removing a job's folder removes only that folder, whatever is in it (CVE-2020-11652 and similar), and never that of a running job.
struct FoldersAreRemovedSafely {
  let bench: JobBench
  let id = JobID("job-1")!

  init() throws { bench = try JobBench() }

  @Test func linksAreNotFollowed() throws {
    try Folder.make(bench.home.path("precious/deep"), mode: 0o700)
    try bench.home.write("precious/deep/file", "kept")
    try Folder.make(bench.home.path("jobs/job-1/inner/more"), mode: 0o700)
    try bench.home.write("jobs/job-1/inner/more/file", "")
    for (name, target) in [("a", "precious"), ("inner/b", "precious/deep/file"), ("c", "nowhere")] {
      try checked("symlink") { symlink(bench.home.path(target), bench.home.path("jobs/job-1/\(name)")) }
    }
    try bench.launcher.remove(id)
    #expect(try Folder.names(in: bench.home.path("jobs")).isEmpty)
    #expect(try bench.home.read("precious/deep/file") == "kept")
  }

  @Test func aLinkInPlaceOfTheFolder() throws {
    try Folder.make(bench.home.path("precious"), mode: 0o700)
    try bench.home.write("precious/output", "kept")
    try checked("symlink") { symlink(bench.home.path("precious"), bench.home.path("jobs/job-1")) }
    #expect(throws: SystemError.self) { try bench.launcher.remove(id) }
    #expect(throws: SystemError.self) { try bench.launcher.openOutput(of: id) }
    #expect(throws: SystemError.self) { try bench.launcher.recover(id) }
    #expect(try bench.home.read("precious/output") == "kept")
  }

  @Test func aRunningJobKeepsItsFolder() async throws {
    let job = try bench.start("job-1", JobRequest(command: ["sleep", "1000"]))
    let error = try #require(throws: SystemError.self) { try bench.launcher.remove(id) }
    #expect(error.code == EBUSY)
    #expect(throws: LaunchRefusal.self) { try bench.start("job-1", JobRequest(command: ["/bin/true"])) }
    try job.cancel()
    #expect(try await bench.end(of: job).state == .cancelled)
    #expect(try bench.launcher.ids() == [id])
    try bench.launcher.remove(id)
    try bench.launcher.remove(id)
    #expect(try bench.launcher.ids().isEmpty)
  }

  @Test func aLeftOverFolderDoesNotStopANewJob() async throws {
    try Folder.make(bench.home.path("jobs/job-1"), mode: 0o700)
    try bench.home.write("jobs/job-1/exit", "old")
    try bench.home.write("jobs/job-1/output", "old")
    let (outcome, output) = try await bench.run(.shell("echo new"))
    #expect(outcome.state == .succeeded)
    #expect(output == "new\n")
  }
}
