import AgentConfiguration
import AgentLogging
import AgentProtocol
import Glibc
import Logging
import SupervisorLink
import SystemCalls
import Values
import Wording

/// `agentd -t`: everything that a start needs of configuration and store, without a start. Certificates are read by a
/// listener that is started for this and accepts nothing.
enum Check {
  /// - Returns: `EX_OK`, with one line on standard output, and another for a forecast; `EX_CONFIG` where something breaks.
  static func run(_ options: StartOptions) throws(StartFailure) -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    if let question = options.question {
      LogStart.bootstrap(level: .critical)
      return try Explain.run(options, question)
    }
    var material = try ServingMaterial.load(options)
    if options.forecastUntil != nil { material = try material.forecasting() }
    LogStart.bootstrap(level: .critical)
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
    if let until = options.forecastUntil { try forecast(report.breakages ?? [], until) }
    return EX_OK
  }

  /// Names the first thing that will break; it is a failure if that is before `until`.
  private static func forecast(_ breakages: [Breakage], _ until: Timestamp) throws(StartFailure) {
    let first = breakages.first.map { ($0.time, $0.text(from: .now()).escapingControlCharacters()) }
    if let (time, text) = first, time <= until { throw StartFailure(EX_CONFIG, "breaks \(text)") }
    let later = first.map { "the first thing breaks \($0.1)" } ?? "nothing breaks later either"
    print("agentd: nothing breaks until \(until.description.replacing(".000Z", with: "Z")); \(later)")
  }

  /// Has a listener look at the material, and at a client's chain.
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
    // A service manager that starts agentd after the check finds nothing left over of it.
    var isOver = false
    listeners.stop(limit: .seconds(1)) {
      isOver = true
      reactor.stop()
    }
    if !isOver { try required(orExit: EX_OSERR) { () throws(SystemError) in try reactor.run() } }
    return outcome ?? .failure(StartFailure(EX_SOFTWARE, "the listener did not answer"))
  }
}
