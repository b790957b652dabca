import AgentConfiguration
import AgentLogging
import AgentProtocol
import Glibc
import JobLaunch
import Logging
import SupervisorLink
import SystemCalls
import Values
import Wording

/// `agentd -t`: checks the configuration and the store as a start would, without starting.
///
/// A listener that is started for this and accepts nothing reads the certificates.
enum Check {
  /// - Returns: `EX_OK`, with one line on standard output, and another for a forecast.
  /// - Throws: `StartFailure` with `EX_CONFIG` if something is wrong, or breaks within the forecast.
  static func run(_ options: StartOptions) throws(StartFailure) -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    if let question = options.question {
      LogStart.bootstrap(level: .critical)
      return try Explain.run(options, question)
    }
    let failures = ServingMaterial.failures(options)
    for failure in failures.dropLast() { StartReport.print(failure) }
    if let last = failures.last { throw last }
    var material = try ServingMaterial.load(options)
    if options.forecastUntil != nil { material = try material.forecasting() }
    LogStart.bootstrap(level: .critical)
    let risks = riskyUsers(material)
    for fault in risks.ownUsers.dropLast() { StartReport.print(StartFailure(EX_CONFIG, fault)) }
    if let last = risks.ownUsers.last { throw StartFailure(EX_CONFIG, last) }
    let report = try ask(material).get()
    if let warning = material.accounts?.warning {
      let line = Array("agentd: warning: \(warning)\n".utf8)
      write(STDERR_FILENO, line, line.count)
    }
    let file = material.configuration.file ?? "defaults"
    let roots = report.roots.count
    print(
      "agentd: configuration is valid (\(file)): listener certificate \(report.subject), valid to \(report.notAfter), "
        + "\(counted(roots, "trusted root"))")
    for warning in risks.warnings { print("agentd: warning: \(warning)") }
    if let until = options.forecastUntil { try forecast(report.breakages ?? [], until) }
    return EX_OK
  }

  private static func riskyUsers(_ material: ServingMaterial) -> RiskyUsers {
    // If agentd is not root, all jobs run as one user, and the users in the file do not matter.
    guard geteuid() == 0 else { return RiskyUsers(material.configuration, ReservedAccounts()) { _ in nil } }
    return RiskyUsers(material.configuration, material.reserved) { (try? Account.resolve($0))?.user }
  }

  /// Prints the first thing that will break; throws if that is before `until`.
  private static func forecast(_ breakages: [Breakage], _ until: Timestamp) throws(StartFailure) {
    let first = breakages.first.map { ($0.time, $0.text(from: .now()).escapingControlCharacters()) }
    if let (time, text) = first, time <= until { throw StartFailure(EX_CONFIG, "breaks \(text)") }
    let later = first.map { "the first thing breaks \($0.1)" } ?? "nothing breaks later either"
    print("agentd: nothing breaks until \(until.description.replacing(".000Z", with: "Z")); \(later)")
  }

  /// Has a listener check the material, and a client's chain if `presented` is given.
  static func ask(
    _ material: ServingMaterial, presented: String? = nil
  ) throws(StartFailure) -> Result<ListenerReport, StartFailure> {
    var outcome: Result<ListenerReport, StartFailure>?
    let reactor = try required(orExit: EX_OSERR) { () throws(SystemError) in try Reactor() }
    let listeners = ListenerSupervision(
      on: reactor, log: SupervisorLog(Logger(label: "agentd")), clientele: nil, launch: try NetworkProgram().launch)
    try listeners.start(material, [], checkOnly: true, presented: presented) { result in
      outcome = result
      reactor.stop()
    }
    try required(orExit: EX_OSERR) { () throws(SystemError) in try reactor.run() }
    // When a service manager starts agentd after the check, nothing of the check must be left.
    var isOver = false
    listeners.stop(limit: .seconds(1)) {
      isOver = true
      reactor.stop()
    }
    if !isOver { try required(orExit: EX_OSERR) { () throws(SystemError) in try reactor.run() } }
    return outcome ?? .failure(StartFailure(EX_SOFTWARE, "the listener did not answer"))
  }
}
