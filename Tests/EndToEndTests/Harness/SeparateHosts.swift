import Glibc
import SystemCalls
import TestSupport

/// Hosts on one wire, each in name spaces of its own: its own network, host name and /etc/hosts, so that names and addresses are real
/// and every program has its own port. Only root can make them.
///
/// The name spaces have no names outside: each lives as long as a process that waits for the end of its standard input, and goes with
/// it, also when the test is killed.
final class SeparateHosts: Sendable {
  private let hub: TestProcess
  private let hosts: [Host]

  /// Hosts of these names, with the addresses 192.0.2.1 and so on (RFC 5737).
  init(_ names: [String]) async throws {
    hub = try await Self.nameSpaces("--net")
    try await Self.inside(hub, "ip link add bridge0 type bridge && ip link set bridge0 up")
    let addresses = names.indices.map { "192.0.2.\($0 + 1)" }
    let table = zip(addresses, names).map { "\($0) \($1)\n" }.joined() + "127.0.0.1 localhost\n"
    var hosts: [Host] = []
    for (index, name) in names.enumerated() {
      let host = Host(name, try TemporaryFolder(), try await Self.nameSpaces("--net", "--uts", "--mount"))
      let number = host.process.handle.processID
      try await Self.inside(
        hub,
        """
        ip link add port\(index) type veth peer name eth0 netns \(number)
        ip link set port\(index) master bridge0 up
        """)
      let hostsFile = try host.folder.write("hosts", table)
      try await Self.inside(
        host.process,
        """
        mount --bind \(hostsFile) /etc/hosts && hostname \(name)
        ip link set lo up && ip address add \(addresses[index])/24 dev eth0 && ip link set eth0 up
        """)
      hosts.append(host)
    }
    self.hosts = hosts
  }

  /// The host of that name.
  subscript(_ name: String) -> Host { hosts.first { $0.name == name }! }

  private static func nameSpaces(_ kinds: String...) async throws -> TestProcess {
    let process = try TestProcess(["unshare"] + kinds + ["sh", "-c", "echo ready && exec cat"], input: nil)
    try await wait(for: "name spaces \(kinds)") {
      if process.isOver { throw HarnessError("unshare \(kinds): \(process.errorText)") }
      return process.outputText == "ready\n"
    }
    return process
  }

  private static func inside(_ process: TestProcess, _ script: String) async throws {
    let result = try await TestProcess(
      ["nsenter", "--target", "\(process.handle.processID)", "--net", "--uts", "--mount", "sh", "-e", "-c", script]
    ).end()
    if result.end != .exited(0) { throw HarnessError("\(script): \(result.errorText)") }
  }

  /// One of the hosts, with a folder for what its programs read and write.
  final class Host: Sendable {
    let name: String
    let folder: TemporaryFolder
    fileprivate let process: TestProcess

    fileprivate init(_ name: String, _ folder: TemporaryFolder, _ process: TestProcess) {
      (self.name, self.folder, self.process) = (name, folder, process)
    }

    private var environment: [String: String] {
      [
        "PATH": "\(folder.path("bin")):/usr/bin:/bin", "HOME": folder.path, "LANG": "C.UTF-8", "TERM": "dumb",
        "AGENTD_CONFIG": folder.path("agentd.toml"), "AGENTD_SCHEDULER_HOME": folder.path("scheduler"),
      ]
    }

    private func command(_ words: [String]) -> [String] {
      ["nsenter", "--target", "\(process.handle.processID)", "--net", "--uts", "--mount"]
        + ["env", "--chdir", folder.path] + words
    }

    /// Makes the programs known by these names.
    func install(_ programs: [String: String]) throws {
      try Folder.make(folder.path("bin"), mode: 0o755)
      for (name, program) in programs {
        let (target, link) = (try BuiltProduct.path(program), folder.path("bin/\(name)"))
        try checked("symlink", link) { symlink(target, link) }
      }
    }

    /// A program on a terminal of this host.
    func terminal(_ words: String...) throws -> Terminal {
      try Terminal(command(words), environment: environment, directory: "/")
    }

    /// Starts a program on this host.
    func start(_ words: String...) throws -> TestProcess { try TestProcess(command(words), environment: environment) }

    /// Runs a program on this host to its end, which has to be success.
    @discardableResult
    func run(_ words: String...) async throws -> String {
      let result = try await TestProcess(command(words), environment: environment).end()
      if result.end != .exited(0) { throw HarnessError("\(name): \(words): \(result.errorText)\(result.outputText)") }
      return result.outputText
    }

    /// Copies a file to another host, as scp does.
    func copy(_ file: String, to other: Host) throws {
      try other.folder.write(file, try DurableFile.read(folder.path(file), limit: 1 << 20), mode: 0o600)
    }
  }
}
