import Glibc
import JobLaunch
import Logging
import SupervisorLink
import SystemCalls

/// Has another process look up users and groups, so that a directory that does not answer delays only the job that needs it.
///
/// The process is started when there is a question, and restarted when it dies or too many of its look-ups hang. It ends when agentd is idle.
final class Resolver: Accounts {
  /// The maximum duration of a look-up.
  static let limit = Duration.seconds(10)
  /// How long an account that was found is taken as it was, for submissions: so that a burst of jobs of one user is one look-up, and yet
  /// whoever has changed an account sees the change in the next job.
  static let freshness = Duration.seconds(1)
  /// The maximum number of accounts to keep for that time.
  static let mostFresh = 64
  /// How many of the `ResolverProcess.mostAtATime` look-ups may hang before the process is restarted.
  static let mostHanging = 24
  /// How many look-ups of one owner may be in progress. If as many hang, the process is restarted, so that the owner's others can be made.
  static let mostOfOneOwner = 8
  /// How many of the `ResolverProcess.mostAtATime` look-ups may be clients'; the rest are for agentd's own.
  static let mostOfClients = ResolverProcess.mostAtATime - 4

  /// Starts the process and returns its handle and our end of its socket.
  typealias Launch = () throws(SystemError) -> (process: ProcessHandle, socket: FileDescriptor)

  private struct Pending {
    let number: UInt64
    var followers: [UInt64: (Found) -> Void] = [:]
    let deadline: TimerQueue.Timer
    var isAsked = false
    var wasLost = false
  }

  private struct Running {
    let process: ProcessHandle
    let socket: FileDescriptor
    var reader: LinkReader<NumberedFound>
    var writer: LinkWriter<NumberedLookUp>
    let socketWatch: Reactor.Watch
    let processWatch: Reactor.Watch
    /// The questions sent to it that it has not answered, including those that timed out, and whose they are; `nil` for agentd's.
    var asked: [UInt64: JobOwner?] = [:]

    func count(of owner: JobOwner) -> Int { asked.values.count { $0 == owner } }
    let since = ContinuousClock.now
  }

  private let reactor: Reactor
  private let log: SupervisorLog
  private let launch: Launch
  private let limit: Duration
  private var running: Running?
  /// Processes that were killed or told to end and have not ended yet: one that waits for a disk can take a while.
  private var dying: [pid_t: Reactor.Watch] = [:]
  private var pending: [LookUp: Pending] = [:]
  /// Questions that were not sent yet.
  private var waiting = WaitingLookUps()
  private var questions: [UInt64: LookUp] = [:]
  private var fresh: [LookUp: (found: Found, since: ContinuousClock.Instant)] = [:]
  private var last: UInt64 = 0
  private var restartDelay = RestartDelay()
  private var restart: TimerQueue.Timer?

  init(on reactor: Reactor, log: SupervisorLog, limit: Duration = Resolver.limit, launch: @escaping Launch) {
    self.reactor = reactor
    self.log = log
    self.limit = limit
    self.launch = launch
  }

  /// The process ID of the resolver, while it runs.
  var processID: pid_t? { running?.process.processID }

  func look(up question: LookUp, for asker: Asker, then: @escaping (Found) -> Void) {
    // A job that has waited is judged again by what the host says then.
    if case .request = asker, let known = fresh[question], .now - known.since < Self.freshness {
      return then(known.found)
    }
    last += 1
    let number = last
    if pending[question] == nil {
      let deadline = reactor.after(limit) { [weak self] in self?.isLate(question) }
      pending[question] = Pending(number: number, deadline: deadline)
    }
    pending[question]?.followers[number] = then
    // A question that waits on behalf of another owner as well is asked when the first of them has its turn.
    if pending[question]?.isAsked == false { waiting.add(question, of: asker.owner) }
    if case .request(let request) = asker {
      request.whenOver { [weak self] in self?.leave(number, question) }
    }
    ask()
  }

  /// Nobody waits for this answer any more. What was not sent yet is dropped with the last one who waited.
  private func leave(_ number: UInt64, _ question: LookUp) {
    guard let left = pending[question], left.followers[number] != nil else { return }
    pending[question]?.followers[number] = nil
    guard left.followers.count == 1, !left.isAsked else { return }
    left.deadline.cancel()
    pending[question] = nil
    waiting.remove(question)
  }

  private func ask() {
    guard restart?.isPending != true else { return }
    while let (question, owner) = nextQuestion(), let asked = pending[question] {
      guard start() else { return }
      waiting.remove(question)
      running?.asked[asked.number] = .some(owner)
      questions[asked.number] = question
      pending[question]?.isAsked = true
      let message = NumberedLookUp(number: asked.number, question: question)
      // It reads whatever is sent, and there is room for all concurrent questions; otherwise the process is broken.
      guard (try? running?.writer.enqueue(message)) != nil, (try? running?.writer.flush()) == true else {
        return end("it does not read what it is asked")
      }
    }
  }

  /// Returns the next question that may be sent now: one of agentd's own, or else of the owner whose turn it is and who has a place left.
  private func nextQuestion() -> (LookUp, JobOwner?)? {
    let asked = running?.asked.count ?? 0
    guard asked < ResolverProcess.mostAtATime else { return nil }
    if let own = waiting.next(of: nil) { return (own, nil) }
    guard (running?.asked.values.count { $0 != nil } ?? 0) < Self.mostOfClients else { return nil }
    return waiting.nextOfClients { owner in (running?.count(of: owner) ?? 0) < Self.mostOfOneOwner }
  }

  private func start() -> Bool {
    if running != nil { return true }
    do throws(SystemError) {
      let (process, socket) = try launch()
      try socket.setNonBlocking(true)
      running = Running(
        process: process, socket: socket, reader: LinkReader(socket), writer: LinkWriter(socket),
        socketWatch: try reactor.watch(socket, for: .readable) { [weak self] _ in self?.receive() },
        processWatch: try reactor.watch(process.descriptor, for: .readable) { [weak self] _ in
          self?.ended(process)
        })
      return true
    } catch {
      log.logger.error("names cannot be looked up: \(error)")
      startLater(afterLife: .zero)
      return false
    }
  }

  private func receive() {
    do throws(LinkError) {
      switch try running?.reader.receive() {
      case .received: break
      case .ended: return end("it closed its socket")
      case .wouldBlock, nil: return
      }
      while let (answer, _) = try running?.reader.next() { take(answer) }
    } catch {
      end("\(error)")
    }
    ask()
  }

  private func take(_ answer: NumberedFound) {
    running?.asked[answer.number] = nil
    guard let question = questions.removeValue(forKey: answer.number), pending[question]?.number == answer.number else {
      return
    }
    var found = answer.found
    if let account = found.account, account.expiryDay == nil, geteuid() == 0, ResolverProcess.shadowGroup == nil {
      found.account?.expiryDay = Account.localExpiryDay(of: account.name)
    }
    settle(question, found)
  }

  private func settle(_ question: LookUp, _ found: Found) {
    guard let settled = pending.removeValue(forKey: question) else { return }
    settled.deadline.cancel()
    waiting.remove(question)
    keep(found, for: question)
    for follower in settled.followers.sorted(by: { $0.key < $1.key }) { follower.value(found) }
  }

  private func keep(_ found: Found, for question: LookUp) {
    // Whether others can change a program is found out each time.
    guard found.account != nil, question.program == nil else { return }
    if fresh.count >= Self.mostFresh { fresh = [:] }
    fresh[question] = (found, .now)
  }

  /// Lets the process end, which it does when its socket is closed.
  func giveBack() {
    fresh = [:]
    guard let running, running.asked.isEmpty, pending.isEmpty else { return }
    dying[running.process.processID] = running.processWatch
    self.running = nil
  }

  private func isLate(_ question: LookUp) {
    if let number = pending[question]?.number { questions[number] = nil }
    var found = Found()
    found.isLate = true
    let name = question.user.map { "user \($0)" } ?? "agentd's own user"
    let whom = question.group.map { "\(name) or group \($0)" } ?? name
    found.refusal = "cannot look up \(whom): the host's name service did not answer within \(limit.inSeconds)"
    log.logger.warning("\(found.refusal ?? "")")
    settle(question, found)
    let hanging = (running?.asked ?? [:]).filter { questions[$0.key] == nil }.values
    let ofOneOwner = Set(hanging).map { owner in hanging.count { $0 == owner } }.max() ?? 0
    guard hanging.count >= Self.mostHanging || ofOneOwner >= Self.mostOfOneOwner else { return }
    end("\(hanging.count) look-ups hang in it")
  }

  private func end(_ why: String) {
    guard let running else { return }
    log.logger.warning(
      "the process that looks up names is ended: \(why); starting again",
      metadata: ["pid": .stringConvertible(running.process.processID)])
    try? running.process.send(SIGKILL)
    dying[running.process.processID] = running.processWatch
    lose(byItself: false)
  }

  private func ended(_ process: ProcessHandle) {
    let end = ProcessEnd(reaping: process)
    dying[process.processID] = nil
    guard running?.process === process else { return }
    log.logger.warning(
      "the process that looks up names \(end); starting again", metadata: ["pid": .stringConvertible(process.processID)]
    )
    lose(byItself: true)
  }

  /// Asks again what the lost process had been asked; where it died by itself only once, because the question may have killed it.
  private func lose(byItself: Bool) {
    let life = (running?.since ?? .now).duration(to: .now)
    let owners = running?.asked ?? [:]
    running = nil
    for (question, lost) in pending where lost.isAsked {
      questions[lost.number] = nil
      if byItself, lost.wasLost {
        var found = Found()
        found.refusal = "cannot look up user \(question.user ?? ""): the process that looks up names died of it"
        settle(question, found)
        continue
      }
      pending[question]?.isAsked = false
      if byItself { pending[question]?.wasLost = true }
      waiting.add(question, of: owners[lost.number] ?? nil)
    }
    startLater(afterLife: life)
  }

  private func startLater(afterLife life: Duration) {
    restart = reactor.after(restartDelay.next(afterLife: life)) { [weak self] in
      self?.restart = nil
      self?.ask()
    }
  }
}
