import AgentProtocol
import ShepherdContract
import Values

/// An order as far as it is known when the job has been started: enough to explain how the job ended, and to find its processes.
///
/// The order itself is not kept, neither in memory nor on disk. A later supervisor recalls it from the record of the job.
public struct RecalledOrder: Sendable {
  let order: Order

  init(_ order: Order) {
    var order = order
    order.arguments = Array(order.arguments.prefix(1))
    let mark = Array("\(JobEnvironment.markName)=".utf8)
    order.environment = order.environment.filter { $0.starts(with: mark) }
    order.identity?.groups = []
    self.order = order
  }

  /// Recalls the order of a job that an earlier supervisor started.
  ///
  /// - Parameters:
  ///   - mark: as it was passed to `JobLauncher.launch(_:_:as:mark:)`.
  ///   - launcher: with the settings of the present configuration, which may have changed since.
  public init(_ id: JobID, _ request: JobRequest, mark: UInt64, _ launcher: JobLauncher) {
    var order = Order(
      id: id.description, arguments: request.login ? [] : request.command.prefix(1).map { Array($0.utf8) },
      environment: [Array("\(JobEnvironment.markName)=\(JobEnvironment.text(ofMark: mark))".utf8)],
      directory: Array((request.directory ?? "/").utf8), killGrace: 0)
    order.enterLimits(of: request, outputLimit: launcher.outputLimit)
    order.leavesProcesses = request.leaveProcesses == true
    order.mayStartInRoot = request.directory == nil
    order.controlGroup = launcher.groupPath(of: id, request, mark: mark).map { Array($0.utf8) }
    self.order = order
  }
}

extension JobLauncher {
  /// Returns the mark of the processes of a job that is submitted at this moment: known to a later supervisor, and to no other job.
  public func mark(of id: JobID, submittedAt: Timestamp) -> UInt64 {
    let text = "\(groupPrefix)\(id.key) \(submittedAt.milliseconds)"
    return SHA256.digest(of: Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
