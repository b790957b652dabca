import Glibc
import SystemCalls
import TestSupport

/// Hosts on one wire, each with its own network, host name and /etc/hosts, in separate name spaces: names and addresses are real, and every
/// program has its own port. Only root can create them.
///
/// The name spaces are anonymous: each exists as long as a process that waits for the end of its standard input, and disappears with it,
/// even if the test is killed.
final class SeparateHosts: Sendable {
  private let hub: NameSpaces
  private let hosts: [Host]
  /// A link to the folder of each host, under its name.
  private let folders: TemporaryFolder

  /// Creates hosts with these names and the addresses 192.0.2.1 and so on (RFC 5737).
  ///
  /// - Parameters:
  ///   - aliases: further names of hosts, by host.
  ///   - system: makes each host an installed one, with its own system folders, users and processes. Without it, the host shares this
  ///     machine's, and `Host.install(_:)` provides programs.
  init(_ names: [String], aliases: [String: String] = [:], _ system: InstalledSystem? = nil) async throws {
    hub = try await NameSpaces(["--net"])
    let folders = try TemporaryFolder()
    try await hub.run("ip link add bridge0 type bridge && ip link set bridge0 up")
    let addresses = names.indices.map { "192.0.2.\($0 + 1)" }
    let table =
      zip(addresses, names).map { "\($0) \($1) \(aliases[$1] ?? "")\n" }.joined() + "127.0.0.1 localhost\n"
    var hosts: [Host] = []
    for (index, name) in names.enumerated() {
      let kinds = ["--net", "--uts", "--mount"] + (system == nil ? [] : ["--ipc", "--pid", "--fork", "--kill-child"])
      let host = Host(name, try TemporaryFolder(), try await NameSpaces(kinds), system, folders.path)
      try checked("symlink", name) { symlink(host.folder.path, folders.path(name)) }
      try await hub.run(
        """
        ip link add port\(index) type veth peer name eth0 netns \(host.spaces.processID)
        ip link set port\(index) master bridge0 up
        """)
      let hostsFile = try host.folder.write("hosts", table)
      try await host.spaces.run(
        """
        \(system?.mounts(home: host.folder.path) ?? "")
        mount --bind \(hostsFile) /etc/hosts && hostname \(name)
        ip link set lo up && ip address add \(addresses[index])/24 dev eth0 && ip link set eth0 up
        """)
      hosts.append(host)
    }
    self.hosts = hosts
    self.folders = folders
  }

  /// Returns the host with that name.
  subscript(_ name: String) -> Host { hosts.first { $0.name == name }! }

  /// A host, with a folder that its programs read and write: /root on an installed one.
  final class Host: Sendable {
    let name: String
    let folder: TemporaryFolder
    fileprivate let spaces: NameSpaces
    private let system: InstalledSystem?
    private let folders: String

    fileprivate init(
      _ name: String, _ folder: TemporaryFolder, _ spaces: NameSpaces, _ system: InstalledSystem?, _ folders: String
    ) {
      (self.name, self.folder, self.spaces, self.system, self.folders) = (name, folder, spaces, system, folders)
    }

    private var environment: [String: String] {
      if system != nil { return InstalledSystem.environment.merging(["SEPARATE_HOSTS": folders]) { $1 } }
      return [
        "PATH": "\(folder.path("bin")):/usr/bin:/bin", "HOME": folder.path, "LANG": "C.UTF-8", "TERM": "dumb",
        "AGENTD_CONFIG": folder.path("agentd.toml"), "AGENTD_SCHEDULER_HOME": folder.path("scheduler"),
      ]
    }

    private func command(_ words: [String], directory: String? = nil) -> [String] {
      spaces.enter + ["env", "--chdir", directory ?? (system == nil ? folder.path : "/root")] + words
    }

    /// Provides the programs under these names.
    func install(_ programs: [String: String]) throws {
      try Folder.make(folder.path("bin"), mode: 0o755)
      for (name, program) in programs {
        let (target, link) = (try BuiltProduct.path(program), folder.path("bin/\(name)"))
        try checked("symlink", link) { symlink(target, link) }
      }
    }

    /// Starts a program on a terminal of this host.
    func terminal(
      _ words: String..., directory: String? = nil, variables: [String: String] = [:]
    ) throws -> Terminal {
      try Terminal(
        command(words, directory: directory), environment: environment.merging(variables) { $1 }, directory: "/")
    }

    /// Starts a program on this host.
    func start(_ words: String...) throws -> TestProcess { try TestProcess(command(words), environment: environment) }

    /// Runs a program on this host to its end; it must succeed.
    @discardableResult
    func run(_ words: String...) async throws -> String {
      let result = try await TestProcess(command(words), environment: environment).end()
      if result.end != .exited(0) { throw HarnessError("\(name): \(words): \(result.errorText)\(result.outputText)") }
      return result.outputText
    }

    /// Copies a file to another host, like scp.
    func copy(_ file: String, to other: Host) throws {
      try other.folder.write(file, try DurableFile.read(folder.path(file), limit: 1 << 20), mode: 0o600)
    }
  }
}

/// Name spaces that exist as long as this object.
private final class NameSpaces: Sendable {
  private let process: TestProcess
  private let kinds: [String]
  /// The process that identifies them; process 1 of its own PID name space, if it has one.
  let processID: pid_t

  /// - Parameter kinds: the options of unshare(1).
  init(_ kinds: [String]) async throws {
    self.kinds = kinds.filter { ["--net", "--uts", "--mount", "--ipc", "--pid"].contains($0) }
    // /proc shows the outer process ID, because this /proc is mounted outside. With SIGCHLD ignored, process 1 leaves no zombies: wait(2).
    let script = "read -r number rest </proc/self/stat; echo $number; exec env --ignore-signal=CHLD cat"
    process = try TestProcess(["unshare"] + kinds + ["sh", "-c", script], input: nil)
    let process = process
    processID = try await wait(for: "name spaces \(kinds)") {
      if process.isOver { throw HarnessError("unshare \(kinds): \(process.errorText)") }
      return process.outputText.hasSuffix("\n") ? pid_t(process.outputText.dropLast()) : nil
    }
    if kinds.contains("--pid") { try await run("mount -t proc proc /proc") }
  }

  /// The command prefix that runs another command inside.
  var enter: [String] { ["nsenter", "--target", "\(processID)"] + kinds }

  func run(_ script: String) async throws {
    let result = try await TestProcess(enter + ["sh", "-e", "-c", script]).end()
    if result.end != .exited(0) { throw HarnessError("\(script): \(result.errorText)") }
  }
}
