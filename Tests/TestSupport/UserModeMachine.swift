import Glibc
import SystemCalls

/// A machine of a test's own: a Linux kernel that is a process (package user-mode-linux of Debian, for x86). It has all
/// controllers of control groups, whatever the host does with them, and perhaps a disk, of which nothing is left but what was
/// written to it when its power is cut. It sees the host's files, and can write them.
public struct UserModeMachine: Sendable {
  private let folder: TemporaryFolder
  private let disk: String?

  /// Whether there is one for this machine.
  public static var isForThisMachine: Bool {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  /// - Parameters:
  ///   - folder: shown to it at /mnt/home, writable; what it writes there is kept whatever becomes of it.
  ///   - hasDisk: whether it has an empty disk, at /mnt/disk.
  public init(showing folder: TemporaryFolder, hasDisk: Bool) async throws {
    self.folder = folder
    disk = hasDisk ? folder.path("disk") : nil
    guard let disk else { return }
    let made = try await TestSupport.run(
      "/bin/sh", "-c", "truncate -s 64M \(disk) && /usr/sbin/mkfs.ext4 -q -F \(disk)")
    if made.end != .exited(0) { throw DeadlineMissed(description: "no disk: \(made.errorText)") }
  }

  /// Switches it on: the shell script runs as its first process, with /proc and an empty /mnt; when it is through, the machine
  /// is off.
  ///
  /// - Returns: to be waited for, or to have its power cut.
  public func boot(_ script: String) throws -> TestProcess {
    let initial = try folder.write("init", initial(script), mode: 0o755)
    var command = [
      "linux.uml", "mem=384M", "rootfstype=hostfs", "rw", "root=none", "init=\(initial)", "con=null", "con0=null",
      "quiet", "umid=\(Path.name(of: folder.path))",
    ]
    if let disk { command.append("ubd0=\(disk)") }
    return try TestProcess(
      command, environment: ["HOME": folder.path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
  }

  /// Boots, and waits until it is off.
  ///
  /// - Returns: what the script wrote to standard output and standard error.
  public func run(_ script: String) async throws -> String {
    let kernel = try await boot(script).end()
    guard let text = try? folder.read("console"), !text.isEmpty else {
      throw DeadlineMissed(description: "linux.uml told nothing: \(kernel.outputText)\(kernel.errorText)")
    }
    return text
  }

  /// Cuts the power, and waits until nothing is left of the machine.
  public func cutPower(_ power: TestProcess) async throws {
    // It leads a group of processes: some write to the disk for it, others are its own processes, and would go on or stay.
    kill(-power.handle.processID, SIGKILL)
    _ = try await power.end()
  }

  // Not /tmp: programs may lie there.
  private func initial(_ script: String) -> String {
    """
    #!/bin/sh
    PATH=/usr/sbin:/usr/bin:/sbin:/bin
    mount -t proc proc /proc
    mount -t tmpfs none /mnt
    mkdir /mnt/home /mnt/disk
    mount -t hostfs none /mnt/home -o \(folder.path)
    exec >>/mnt/home/console 2>&1
    \(disk == nil ? "" : "mknod /mnt/ubda b 98 0 && mount -t ext4 /mnt/ubda /mnt/disk")
    ip link set lo up
    cd /mnt/home
    (
    \(script)
    )
    echo o > /proc/sysrq-trigger
    sleep 10

    """
  }
}
