// The vulnerability: CVE-2016-5713 of Puppet's agent: the requester's environment reached a process with other privileges.
// The promise: variables that make a program load or run something are refused in a request for another user, and nothing of agentd's own
// environment reaches a job.
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can start a job as another user"))
struct C18_NothingPassesThroughTheEnvironment {
  @Test func dangerousVariablesAreRefused() async throws {
    let agent = try await Installation.running()
    let names = [
      "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GCONV_PATH", "BASH_ENV", "ENV", "PERL5OPT", "PYTHONPATH", "PATH",
      "HOME", "IFS",
      "USER", "GLIBC_TUNABLES",
    ]
    for name in names {
      let job = try await agent.finish(
        "as-\(name)", ["/bin/true"], fields: "\"environment\": {\"\(name)\": \"/tmp/x\"}"
      ).status
      #expect(job.state == .couldNotStart)
      #expect(job.reason == "environment variable \(name) is refused in a request to run as another user")
    }
    let good = try await agent.finish(
      "good", ["/usr/bin/printenv", "LC_ALL"], fields: #""environment": {"LC_ALL": "C"}"#)
    #expect(good.output == "C\n")
  }

  @Test func nothingOfAgentdsOwn() async throws {
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(variables: ["LD_PRELOAD": "", "BASH_ENV": "/x", "SECRET": "leaked", "PERL5OPT": "-x"])
    let names = try await agent.finish("look", ["/usr/bin/env"]).output.split(separator: "\n").map {
      $0.prefix { $0 != "=" }
    }
    #expect(
      Set(names).subtracting(["AGENTD_JOB_ID", "AGENTD_JOB_MARK"]) == [
        "HOME", "LANG", "LOGNAME", "PATH", "SHELL", "USER",
      ])
  }
}
