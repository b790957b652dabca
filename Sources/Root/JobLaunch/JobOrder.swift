import AgentProtocol
import Glibc
import ShepherdContract

extension Order {
  /// Creates the order that tells a shepherd how to run the job.
  ///
  /// - Parameter outputLimit: the limit for a request that names none, or a higher one.
  init(
    _ id: JobID, _ request: JobRequest, _ account: Account, mark: UInt64, outputLimit: Int64?,
    _ surroundings: JobSurroundings
  ) throws(LaunchRefusal) {
    let environment = try JobEnvironment.make(
      for: id, account, adding: request.environment, isAnotherUser: account.user != geteuid(), mark: mark)
    let command = request.login ? try account.loginCommand(request.command) : request.command
    self.init(
      id: id.description, arguments: command.map { Array($0.utf8) },
      environment: environment.map { Array($0.utf8) },
      directory: Array((request.directory ?? account.usableHome).utf8), killGrace: Self.milliseconds(request.killGrace))
    // Many system users have a home that does not exist, such as /nonexistent. The result says so.
    mayStartInRoot = request.directory == nil
    // Only root can switch users; any other process already has the right identity.
    if geteuid() == 0 {
      identity = Identity(user: account.user, group: account.group, groups: account.groups)
    }
    enterLimits(of: request, outputLimit: outputLimit)
    hasInput = request.hasInput
    hasScript = request.script != nil
    scriptIsOpen = hasScript
    separatesErrors = request.stderr == .separate
    leavesProcesses = request.leaveProcesses == true
    umask = request.umask.flatMap { mode_t($0, radix: 8) } ?? surroundings.umask
    resourceLimits = surroundings.processLimits.map(\.limit)
    reportsEnd = true
  }

  /// Enters the limits that a job may reach and that explain its end.
  mutating func enterLimits(of request: JobRequest, outputLimit: Int64?) {
    timeout = request.timeout.map(Self.milliseconds)
    self.outputLimit = [request.outputLimit, outputLimit].compactMap { $0 }.min().map { UInt64(clamping: $0) }
    memoryLimit = request.limits?.memory.map { UInt64(clamping: $0) }
  }

  /// Converts seconds, which `JobRequest` has checked, rounding up.
  private static func milliseconds(_ seconds: Double) -> UInt64 { UInt64((seconds * 1000).rounded(.up)) }
}
