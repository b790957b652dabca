import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// A shepherd server that executes each shepherd under strace(1), like an agentd from before there was a server.
enum TracedShepherds {
  /// Serves until the supervisor has gone. In the folder above the agent's state, the file `tracing` has the options of strace(1), and
  /// `agentd-shepherd` is the program; the trace goes to the file `trace`.
  static func serve() throws {
    signal(SIGCHLD, SIG_IGN)
    try checked("prctl") { clinux_die_with_parent() }
    while true {
      var numbers = [UInt8](repeating: 0, count: 32)
      var descriptors = [Int32](repeating: -1, count: 32)
      var received = 0
      let count = clinux_receive_with_descriptors(
        ShepherdContract.Server.socket, &numbers, numbers.count, &descriptors, descriptors.count, &received)
      if count <= 0 { return }
      let order = Array(zip(numbers[..<count].map(Int32.init), descriptors[..<received]))
      let child = try checked("fork") { clinux_fork() }
      if child == 0 { try execute(order) }
      if let report = order.first(where: { $0.0 == ShepherdContract.Descriptor.report })?.1 {
        let packet = ShepherdContract.StartReport.started(child).encoded
        var handle = try checked("pidfd_open") { clinux_pidfd_open(child) }
        clinux_send_with_descriptors(report, packet, packet.count, &handle, 1)
        close(handle)
      }
      for (_, descriptor) in order { close(descriptor) }
    }
  }

  private static func execute(_ order: [(number: Int32, descriptor: Int32)]) throws {
    signal(SIGCHLD, SIG_DFL)
    setsid()
    let moved = order.map { ($0.number, fcntl($0.descriptor, F_DUPFD, 64)) }
    for descriptor in 2..<64 as Range<Int32> { close(descriptor) }
    dup2(0, 2)
    for (number, descriptor) in moved {
      dup2(descriptor, number)
      close(descriptor)
    }
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let link = "/proc/self/fd/\(ShepherdContract.Descriptor.folder)"
    let count = try checked("readlink", link) { readlink(link, &target, target.count) }
    // state/jobs/ID
    let folder = (0..<3).reduce(String(decoding: target[..<count], as: UTF8.self)) { path, _ in Path.folder(of: path) }
    let tracing = String(decoding: try DurableFile.read("\(folder)/tracing", limit: 4096), as: UTF8.self)
    let words = tracing.split { $0 == " " || $0 == "\n" }.map(String.init)
    let command = ["strace", "-D", "-o", "\(folder)/trace"] + words + ["\(folder)/agentd-shepherd"]
    let arguments = CStringArray(command.map(\.utf8))
    execv("/usr/bin/strace", arguments.pointer)
    _exit(127)
  }
}
