import SystemCalls
import TestSupport
import Testing

@testable import AgentRegistration

/// Where a service manager has agentd, its command is the one that starts it.
struct ServiceCommandIsTheHosts {
  @Test(
    arguments: [
      ([], nil), (["run/systemd/system"], nil),
      (["run/systemd/system", "usr/lib/systemd/system/agentd.service"], "systemctl start agentd"),
      (["run/systemd/system", "etc/systemd/system/agentd.service", "etc/init.d/agentd"], "systemctl start agentd"),
      (["usr/lib/systemd/system/agentd.service"], nil), (["etc/init.d/agentd"], "service agentd start"),
    ] as [([String], String?)])
  func start(_ paths: [String], _ expected: String?) throws {
    let root = try TemporaryFolder()
    for path in paths {
      var folder = ""
      for part in path.split(separator: "/") {
        folder += "/\(part)"
        if (try? Folder.make(root.path + folder, mode: 0o755)) == nil { continue }
      }
    }
    #expect(ServiceCommand.start(below: root.path) == expected)
  }
}
