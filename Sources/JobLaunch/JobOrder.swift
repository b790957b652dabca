import AgentProtocol
import Glibc
import ShepherdContract

extension Order {
  /// What a shepherd has to know to run the job, as it is handed over.
  static func bytes(_ id: JobID, _ request: JobRequest, _ account: Account) throws(LaunchRefusal) -> [UInt8] {
    let environment = try JobEnvironment.make(
      for: id, account, adding: request.environment, isAnotherUser: account.user != geteuid())
    var order = Order(
      id: id.description, arguments: request.command.map { Array($0.utf8) },
      environment: environment.map { Array($0.utf8) },
      directory: Array((request.directory ?? account.home).utf8), killGrace: milliseconds(request.killGrace))
    // Many system users have a home that does not exist, such as /nonexistent.
    order.mayStartInRoot = request.directory == nil
    // Only root can take on an identity; everybody else has the right one already.
    if geteuid() == 0 {
      order.identity = Identity(user: account.user, group: account.group, groups: account.groups)
    }
    order.timeout = request.timeout.map(milliseconds)
    order.hasInput = request.stdin != nil
    do { return try order.encoded() } catch { throw LaunchRefusal("cannot start the job: \(error)") }
  }

  /// Seconds, which `JobRequest` has checked, rounded up.
  private static func milliseconds(_ seconds: Double) -> UInt64 { UInt64((seconds * 1000).rounded(.up)) }
}
