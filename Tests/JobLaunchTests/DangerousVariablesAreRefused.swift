import AgentProtocol
import Glibc
import Testing

@testable import JobLaunch

/// Goal: a request to run as another user cannot set variables that make a program load something of the client's choice (CVE-2016-5713 of
/// Puppet); no request can set agentd's own variables.
struct DangerousVariablesAreRefused {
  static let account = Account(
    name: "batch", user: 1000, group: 1000, groups: [], home: "/home/batch", shell: "/bin/sh")

  private func make(_ requested: [String: String], isAnotherUser: Bool) throws(LaunchRefusal) -> [String] {
    try JobEnvironment.make(
      for: JobID("job-1")!, Self.account, adding: requested, isAnotherUser: isAnotherUser, mark: 1)
  }

  @Test(arguments: [
    "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PATH", "HOME", "BASH_ENV", "ENV", "IFS", "SHELLOPTS", "PYTHONPATH",
    "PERL5LIB",
    "RUBYOPT", "GCONV_PATH", "GLIBC_TUNABLES", "NODE_OPTIONS", "OPENSSL_CONF", "BASH_FUNC_ls",
    "PYTHONWARNINGS", "PYTHONBREAKPOINT", "LOGNAME", "USER", "SHELL", "GIT_CONFIG_COUNT", "LESSOPEN",
    "DOTNET_STARTUP_HOOKS",
  ])
  func forAnotherUser(_ name: String) throws {
    let refusal = try #require(throws: LaunchRefusal.self) { try make([name: "x"], isAnotherUser: true) }
    #expect(
      refusal.description == "environment variable \(name) is refused in a request to run as another user")
    #expect(try make([name: "x"], isAnotherUser: false).contains("\(name)=x"))
  }

  @Test(arguments: ["LC_ALL", "TZ", "FOO", "LDFLAGS", "PATHS", "http_proxy", "TMPDIR", "PYTHONUNBUFFERED"])
  func harmless(_ name: String) throws {
    #expect(try make([name: "x"], isAnotherUser: true).contains("\(name)=x"))
  }

  @Test(arguments: ["() { :; }; id", "()\u{301} { :; }; id"])
  func aFunctionInAValue(value: String) {
    #expect(throws: LaunchRefusal.self) { try make(["FOO": value], isAnotherUser: true) }
  }

  @Test(arguments: [
    ("LANG", "../../tmp/x"), ("LANG", "/tmp/x"), ("LANGUAGE", "de:/tmp"), ("LC_ALL", "a/b"), ("LC_MESSAGES", "%s"),
    ("LINGUAS", "/x"), ("TERM", "/tmp/x"), ("COLORTERM", "x/y"), ("LANG", "/\u{301}tmp"), ("TZ", "/etc/shadow"),
    ("TZ", ":/etc/shadow"), ("TZ", "Europe/../../x"), ("TZ", ":../x"), ("TZ", "a b"), ("TZ", "/\u{301}etc"),
  ])
  func aFileInPlaceOfAName(name: String, value: String) {
    #expect(throws: LaunchRefusal.self) { try make([name: value], isAnotherUser: true) }
  }

  @Test(arguments: [
    ("LANG", "de_DE.UTF-8"), ("LANGUAGE", "de:en"), ("LC_ALL", "C.UTF-8"), ("TERM", "xterm-256color"),
    ("TZ", "Europe/Berlin"),
    ("TZ", ":UTC"), ("TZ", "CET-1CEST,M3.5.0,M10.5.0/3"), ("OTHER", "/tmp/100%"),
  ])
  func aNameOfTheLocale(name: String, value: String) throws {
    #expect(try make([name: value], isAnotherUser: true).contains("\(name)=\(value)"))
  }

  @Test(arguments: [true, false])
  func agentdsOwn(_ isAnotherUser: Bool) {
    #expect(throws: LaunchRefusal.self) { try make(["AGENTD_JOB_ID": "other"], isAnotherUser: isAnotherUser) }
  }

  @Test(.enabled(if: geteuid() == 0, "a job of another user needs root"))
  func nothingIsLeftOfARefusedJob() throws {
    let bench = try JobBench()
    var request = JobRequest(command: ["/bin/true"])
    request.environment = ["LD_PRELOAD": "/tmp/x.so"]
    #expect(throws: LaunchRefusal.self) { try bench.start("job-1", request, as: "nobody") }
    #expect(try bench.launcher.ids().isEmpty)
  }
}
