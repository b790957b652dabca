import SystemCalls
import TestSupport

/// The changes of `make install` on a host, as layers below the files of hosts made of name spaces: /etc with the users, and /usr/local.
/// The programs are those of the build under test.
struct InstalledSystem: Sendable {
  private let folder: TemporaryFolder

  /// The folders that belong to a host: it sees this machine's files there, with the layers above them, and its own changes.
  static let ownFolders = ["/etc", "/usr/local", "/var", "/home"]
  /// The environment of root's session there; stand-ins for systemd and sshd come before the system's own folders.
  static let environment = [
    "PATH": "\(BuiltProduct.packageFolder)/Tests/EndToEndTests/Documents/StandIns:/usr/local/sbin:/usr/local/bin:"
      + "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb",
  ]
  /// The variable that makes `make install` install the build under test.
  static func makeVariables() throws -> String { "RELEASE=\(Path.folder(of: try BuiltProduct.path("agentd")))" }

  /// Installs to the layers, on a host without systemd-sysusers.
  init() async throws {
    folder = try TemporaryFolder()
    let script = """
      mkdir "$1/etc" "$1/local"
      mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir etc local work1 work2
      mount -t overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work1 overlay /etc
      mount -t overlay -o lowerdir=/usr/local,upperdir=/mnt/local,workdir=/mnt/work2 overlay /usr/local
      if [ -e /usr/bin/systemd-sysusers ]; then mount --bind /dev/null /usr/bin/systemd-sysusers; fi
      make --no-print-directory -C "$2" install "$3"
      cp -a /mnt/etc /mnt/local "$1"
      """
    let result = try await run(
      "unshare", "--mount", "sh", "-euc", script, "-", folder.path, BuiltProduct.packageFolder,
      try Self.makeVariables())
    if result.end != .exited(0) { throw HarnessError("make install: \(result.errorText)\(result.outputText)") }
  }

  /// Returns shell commands that mount a host's own folders; `home` becomes /root.
  func mounts(home: String) -> String {
    let layers = ["/etc": "\(folder.path("etc")):", "/usr/local": "\(folder.path("local")):"]
    let overlays = Self.ownFolders.enumerated().map { index, place in
      """
      mkdir /mnt/\(index) /mnt/\(index).work
      mount -t overlay -o lowerdir=\(layers[place] ?? "")\(place),upperdir=/mnt/\(index),workdir=/mnt/\(index).work overlay \(place)
      """
    }
    return "mount -t tmpfs tmpfs /mnt\n" + overlays.joined(separator: "\n") + """

      mount -t tmpfs -o mode=755 tmpfs /run
      mount --bind \(home) /root

      """
  }
}
