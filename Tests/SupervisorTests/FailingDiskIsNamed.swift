import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// A disk that became read-only refuses submits for that reason; reads go on, `GET /v1/agent` warns, and the log does not repeat itself.
@Suite(.enabled(if: geteuid() == 0, "only root can mount a small file system")) struct FailingDiskIsNamed {
  @Test func whenItBecomesReadOnly() async throws {
    try await JobsStage.inSmallFileSystem("4m") { folder in
      let stage = try JobsStage(in: folder)
      #expect(try stage.submit("before", "/bin/echo", "x").created == true)
      #expect(try stage.end("before").state == .succeeded)
      #expect(stage.jobs.capacity.warnings == [])

      // An open file that is written keeps the kernel from making it read-only the usual way, as it does itself after an error.
      try Self.remount(folder, "ro")
      let refused = try stage.submit("refused", "/bin/true")
      guard case .problem(let problem)? = refused.answer else {
        Issue.record("\(String(describing: refused.answer))")
        return
      }
      #expect(problem == Problem(.noSpace, "the disk that holds the jobs is read-only"))
      #expect(try stage.state("before") == .succeeded)
      #expect(stage.jobs.capacity.warnings == ["the disk that holds the jobs is read-only; new jobs are refused"])
      for _ in 0..<5 { #expect(try stage.submit("refused", "/bin/true").problem == .noSpace) }
      #expect(stage.lines.all.count { $0.contains("read-only") } == 1, "\(stage.lines.all)")

      try Self.remount(folder, "rw")
      #expect(try stage.submit("refused", "/bin/echo", "y").created == true)
      #expect(try stage.end("refused").state == .succeeded)
      #expect(stage.jobs.capacity.warnings == [])
    }
  }

  private static func remount(_ folder: TemporaryFolder, _ option: String) throws {
    // MS_REMOUNT | MS_BIND changes this mount alone, open files or not.
    let flags = UInt(MS_REMOUNT) | UInt(MS_BIND) | (option == "ro" ? UInt(MS_RDONLY) : 0)
    try checked("mount", folder.path) { mount(nil, folder.path, nil, flags, nil) }
  }
}
