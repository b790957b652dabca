import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The process that forks a shepherd for each order of the supervisor: a fork costs less than the execution of a program.
///
/// It holds nothing. It neither reads an order nor keeps a descriptor, so that a shepherd has in its memory and among its files what a
/// freshly executed program would have. It has one thread and starts with all signals blocked: none ends it or is lost by a shepherd.
enum ShepherdServer {
  /// How often to try a fork that is refused for a moment, and the time between two tries, in microseconds.
  private static let (tries, pause): (Int, UInt32) = (20, 50_000)

  /// Forks shepherds until the supervisor has gone.
  ///
  /// - Returns: the exit code, as in sysexits(3): of the server, or in a forked process of the shepherd.
  static func main() -> Int32 {
    let socket = ShepherdContract.Server.socket
    // Shepherds that have ended are not to be waited for.
    signal(SIGCHLD, SIG_IGN)
    clinux_set_name("agentd-shepherd")
    clinux_set_title(ShepherdContract.Server.title)
    guard dup2(0, 2) == 2, chdir("/") == 0 else { return EX_OSERR }
    // A server that is stopped would otherwise hold the locks of jobs that it has not started.
    guard clinux_die_with_parent() == 0 else { return EX_OSERR }
    warmUp()
    // All but what the loop below touches, which is little; a shepherd maps what it needs itself.
    ProgramPages.giveBack()
    var hasForked = false
    while true {
      switch Packet.receive(from: socket) {
      case .order(let packet):
        // An order of a supervisor that has gone is not carried out: the next one does not expect it.
        if hasHungUp(socket) { return EX_OK }
        if let code = carryOut(packet, socket) { return code }
        // The first order touches what later ones do not.
        if !hasForked { ProgramPages.giveBack() }
        hasForked = true
      case .other: continue
      case .end: return EX_OK
      }
    }
  }

  /// Does what every shepherd begins and ends with, but for no job: a shepherd then inherits what Swift's runtime has found out about the
  /// types, which would take each of them longer than its fork.
  private static func warmUp() {
    let order = Order(id: "", arguments: [[0x2f]], environment: [[0x3d]], directory: [0x2f], killGrace: 0)
    _ = (try? order.encoded()).flatMap { try? Order(decoding: $0) }
    _ = try? ExitRecord(startedAt: 0, finishedAt: 0, end: .exited(0)).encoded()
    _ = LockRecord(processID: 1, bootID: ShepherdProcess.bootID).encoded
    _ = CStringArray(order.arguments)
    _ = ProcessFact(getpid())
    var ends: [FileDescriptor] = []
    guard let null = try? FileDescriptor.open("/dev/null", O_RDWR),
      var output = try? JobOutput(into: [null], limit: nil, nil, ends: &ends)
    else { return }
    ends = []
    var polls = [pollfd(fd: -1, events: 0, revents: 0)] + output.polls
    poll(&polls, nfds_t(polls.count), 0)
    output.move(polls.dropFirst())
    _ = output.identities
    _ = zip(polls.map { Int32($0.revents) }, [0]).map { $0 == $1 }
  }

  /// Forks a shepherd.
  ///
  /// - Returns: the shepherd's exit code, in its process; `nil` in the server.
  private static func carryOut(_ packet: Packet, _ socket: Int32) -> Int32? {
    var child = clinux_fork()
    for _ in 1..<tries where child < 0 && errno == EAGAIN {
      usleep(pause)
      child = clinux_fork()
    }
    let code = errno
    guard child == 0 else {
      if child < 0, let report = packet.descriptor(ShepherdContract.Descriptor.report) {
        StartReport.sendFailure(code, on: report)
      }
      packet.close()
      return nil
    }
    close(socket)
    // As after posix_spawn(3): a session of its own, all signals at their defaults and blocked.
    guard packet.arrange(), setsid() > 0 else { return EX_OSERR }
    signal(SIGCHLD, SIG_DFL)
    return ShepherdProcess.run(reportsStart: true)
  }

  private static func hasHungUp(_ socket: Int32) -> Bool {
    var polls = pollfd(fd: socket, events: 0, revents: 0)
    return poll(&polls, 1, 0) == 1
  }

  /// An order: descriptors, and the numbers that the shepherd expects them to have.
  private struct Packet {
    private let descriptors: ArraySlice<Int32>
    private let numbers: ArraySlice<UInt8>

    enum Received {
      case order(Packet)
      /// A packet that is not an order.
      case other
      /// The supervisor has gone.
      case end
    }

    static func receive(from socket: Int32) -> Received {
      let most = ShepherdContract.Server.descriptors.count
      var numbers = [UInt8](repeating: 0, count: most)
      var descriptors = [Int32](repeating: -1, count: most)
      var received = 0
      let count = clinux_receive_with_descriptors(socket, &numbers, most, &descriptors, most, &received)
      // The supervisor learns from the end of their report sockets that orders were dropped, such as those for which there were no free
      // descriptors.
      if count < 0 { return errno == EINTR || errno == EMSGSIZE ? .other : .end }
      if count == 0 { return .end }
      let packet = Packet(descriptors: descriptors[..<received], numbers: numbers[..<count])
      if packet.isOrder { return .order(packet) }
      packet.close()
      return .other
    }

    private var isOrder: Bool {
      numbers.count == descriptors.count && Set(numbers).count == numbers.count
        && numbers.allSatisfy(ShepherdContract.Server.descriptors.contains)
    }

    /// Returns the descriptor for this number.
    func descriptor(_ number: Int32) -> Int32? { numbers.firstIndex(of: UInt8(number)).map { descriptors[$0] } }

    func close() {
      for descriptor in descriptors { Glibc.close(descriptor) }
    }

    /// Gives the descriptors their numbers. This process has no others above 2.
    func arrange() -> Bool {
      // First above all numbers, so that none replaces one that is still needed.
      let above = Int32(ShepherdContract.Server.descriptors.upperBound) + 1
      let moved = descriptors.map { fcntl($0, F_DUPFD, above) }
      close()
      let arranged = zip(moved, numbers).map { dup2($0, Int32($1)) == Int32($1) }
      for descriptor in moved { Glibc.close(descriptor) }
      return arranged.allSatisfy(\.self)
    }
  }
}
