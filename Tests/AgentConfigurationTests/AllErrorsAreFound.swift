import SystemCalls
import TestSupport
import Testing

@testable import AgentConfiguration

/// A check of the files finds all errors at once, in their order, and none that is only a consequence of another.
struct AllErrorsAreFound {
  @Test(
    arguments: [
      ("", []), ("[jobs]\nmax_running = 3\n", []),
      (
        "x = 1\n[paths]\nstor = 1\n[jobs]\nmax_running = -3\ndefault_user = 7\n[[client]]\nusers = \"root\"\n[limits]\nfoo = 1\n",
        [1, 3, 5, 6, 7, 10]
      ),
      // A table without a certificate is not read any further.
      // Both tables lack a certificate; the second has another error, and the third is right.
      ("[[client]]\nread_only = true\n[[client]]\nuser = 1\n[[client]]\ncertificate = \"CN=x\"\n", [1, 3, 4]),
      // A pool with an error is still a pool, and a certificate that is wrong is not missing.
      (
        "[jobs.pools.night]\nmax_running = \"x\"\n[[client]]\ncertificate = 3\npool = \"night\"\n"
          + "[[client]]\ncertificate = \"CN=x\"\npool = \"night\"\n", [2, 4]
      ),
      ("[jobs]\nmax_running = \n[limits]\nfoo = 1\n", [2]), ("jobs = 1\nclient = 2\n", [1, 2]),
    ] as [(String, [Int])])
  func inTheirOrder(_ text: String, _ lines: [Int]) throws {
    let folder = try TemporaryFolder()
    try folder.write("agentd.toml", text)
    let found = AgentConfiguration.loadAll(file: folder.path("agentd.toml"), environment: [:], isRoot: false).errors
    #expect(found.map(\.line) == lines, "\(found)")
    // A start is refused for one of them.
    if let first = found.first {
      #expect(throws: ConfigurationError.self) {
        try AgentConfiguration.load(file: first.file, environment: [:], isRoot: false)
      }
    }
  }

  @Test func whatIsRightIsRead() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "agentd.toml", "[paths]\nstor = 1\nlistener = \"l\"\n[jobs]\nmax_running = 3\n[limits]\nidle_timeout = \"5m\"\n")
    let found = AgentConfiguration.loadAll(file: folder.path("agentd.toml"), environment: [:], isRoot: false)
    #expect(found.configuration?.paths.listener == folder.path("l") && found.configuration?.jobs.maxRunning == 3)
    #expect(found.configuration?.limits.idleTimeout == 300)
    try folder.write("l", "port = 0\nfoo = 1\naddresses = []\n")
    #expect(ListenerConfiguration.errors(in: folder.path("l"), isRoot: false).map(\.line) == [1, 2, 3])
  }
}
