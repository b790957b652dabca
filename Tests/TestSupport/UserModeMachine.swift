import Glibc
import SystemCalls

/// A virtual machine for a test: a Linux kernel that runs as a process (package user-mode-linux of Debian, for x86). It has all controllers
/// of control groups, whatever the host does with them, and optionally a disk, which after a power failure keeps only what was written to
/// it. The machine sees the host's files and can write them.
public struct UserModeMachine: Sendable {
  private let folder: TemporaryFolder
  private let disk: String?

  /// Whether one is available for this machine.
  public static var isForThisMachine: Bool {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  /// Creates a machine that is switched off.
  ///
  /// - Parameters:
  ///   - folder: visible to it at /mnt/home, writable; the files there are kept whatever happens to the machine.
  ///   - hasDisk: whether it has an empty disk at /mnt/disk.
  public init(showing folder: TemporaryFolder, hasDisk: Bool) async throws {
    self.folder = folder
    disk = hasDisk ? folder.path("disk") : nil
    guard let disk else { return }
    let made = try await TestSupport.run(
      "/bin/sh", "-c", "truncate -s 64M \(disk) && /usr/sbin/mkfs.ext4 -q -F \(disk)")
    if made.end != .exited(0) { throw DeadlineMissed(description: "no disk: \(made.errorText)") }
  }

  /// Switches the machine on: the shell script runs as its first process, with /proc and an empty /mnt; when the script ends, the machine
  /// is off.
  ///
  /// - Returns: the process to wait for, or whose power to cut.
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

  /// Boots, and waits until the machine is off.
  ///
  /// - Returns: the script's standard output and standard error.
  public func run(_ script: String) async throws -> String {
    let kernel = try await boot(script).end()
    guard let text = try? folder.read("console"), !text.isEmpty else {
      throw DeadlineMissed(description: "linux.uml told nothing: \(kernel.outputText)\(kernel.errorText)")
    }
    return text
  }

  /// Cuts the power, and waits until nothing is left of the machine.
  public func cutPower(_ power: TestProcess) async throws {
    // It leads a process group: some processes write to its disk, others are the machine's own, and would continue or remain.
    kill(-power.handle.processID, SIGKILL)
    _ = try await power.end()
  }

  // Not /tmp: programs may be there.
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
