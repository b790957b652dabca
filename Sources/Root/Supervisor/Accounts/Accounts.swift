import Glibc
import JobLaunch
import Wording

/// A question to the host before a job is judged or started: everything that may have to wait for a remote directory or disk.
struct LookUp: Codable, Hashable, Sendable {
  /// The user's name; `nil` for the user of this process.
  var user: String?
  /// The name of the primary group, in place of the user's own.
  var group: String?
  /// The path of a program to check for whether others can change what it refers to.
  var program: String?

  /// Looks it up and waits as long as that takes.
  ///
  /// - Parameter forRoot: whether root asks; it can start jobs as any user.
  func answer(forRoot: Bool = geteuid() == 0) -> Found {
    var found = Found()
    do throws(LaunchRefusal) { found.account = try Account.resolve(user, group: group, forRoot: forRoot) } catch {
      found.refusal = error.description
    }
    found.programFault = program.flatMap(ProgramPath.fault)
    return found
  }

  // By bytes: names that are equal to Swift can differ to the host.
  static func == (left: LookUp, right: LookUp) -> Bool { left.key == right.key }
  func hash(into hasher: inout Hasher) { hasher.combine(key) }
  private var key: [[UInt8]?] { [user, group, program].map { $0.map { Array($0.utf8) } } }
}

/// The result of a look-up.
struct Found: Codable, Sendable {
  /// The account; `nil` if there is none.
  var account: Account?
  /// Why there is no account, in words for whoever submitted the job.
  var refusal: String?
  /// What is wrong with the program's path.
  var programFault: String?
  /// Whether nothing was found because the answer took too long.
  var isLate = false
}

/// Looks up accounts and programs.
protocol Accounts: AnyObject {
  /// Calls `then` once with the result, in this turn or a later one.
  ///
  /// - Parameter asker: on whose behalf.
  func look(up question: LookUp, for asker: Asker, then: @escaping (Found) -> Void)

  /// Releases the memory that is only needed for look-ups, if there are none now.
  func giveBack()
}

/// Looks up synchronously, for a command whose user waits anyway.
final class DirectAccounts: Accounts {
  func look(up question: LookUp, for asker: Asker, then: @escaping (Found) -> Void) { then(question.answer()) }

  func giveBack() {}
}

/// On whose behalf a look-up is made.
enum Asker {
  /// agentd itself, for a reload: never behind a client's questions.
  case agentd
  /// A job that starts, of this owner.
  case job(JobOwner)
  /// A request. If nobody waits for its answer any more, the look-up is dropped.
  case request(ClientRequest)

  /// Whose share it counts in; `nil` for agentd's.
  var owner: JobOwner? {
    switch self {
    case .agentd: nil
    case .job(let owner): owner
    case .request(let request): request.owner
    }
  }
}

extension Accounts {
  /// Looks up all users and calls `then` once with the results when all are known.
  func look(upAll users: [String], then: @escaping (@escaping (String) -> Found) -> Void) {
    let answers = FoundUsers(awaiting: users.count, then: then)
    for user in users { look(up: LookUp(user: user), for: .agentd) { answers.note($0, of: user) } }
  }
}

/// The results for some users so far.
private final class FoundUsers {
  private var found: [ExactText: Found] = [:]
  private var awaited: Int
  private let then: (@escaping (String) -> Found) -> Void

  init(awaiting count: Int, then: @escaping (@escaping (String) -> Found) -> Void) {
    (awaited, self.then) = (count, then)
    if count == 0 { then { _ in Found() } }
  }

  func note(_ answer: Found, of user: String) {
    found[ExactText(user)] = answer
    awaited -= 1
    if awaited == 0 { then { [found] in found[ExactText($0)] ?? Found() } }
  }
}
