import AgentConfiguration
import AgentLogging
import AgentProtocol
import Glibc
import Logging
import SystemCalls

/// `agentd -t`: everything that a start needs of configuration and store, without a start. Certificates are read by a
/// listener that is started for this and accepts nothing.
enum Check {
  /// - Returns: `EX_OK`, with one line on standard output.
  static func run(_ options: StartOptions) throws(StartFailure) -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let material = try ServingMaterial.load(options)
    LogStart.bootstrap(level: .critical)
    let report = try ask(material).get()
    let file = material.configuration.file ?? "defaults"
    let roots = report.roots.count
    print(
      "agentd: configuration is sound (\(file)): listener certificate \(report.subject) until \(report.notAfter), "
        + "\(roots) trusted root\(roots == 1 ? "" : "s")")
    return EX_OK
  }

  private static func ask(_ material: ServingMaterial) throws(StartFailure) -> Result<ListenerReport, StartFailure> {
    var outcome: Result<ListenerReport, StartFailure>?
    let reactor = try required(orExit: EX_OSERR) { () throws(SystemError) in try Reactor() }
    let listeners = ListenerSupervision(on: reactor, log: SupervisorLog(Logger(label: "agentd")), clientele: nil)
    try listeners.start(material, [], checkOnly: true) { result in
      outcome = result
      reactor.stop()
    }
    try required(orExit: EX_OSERR) { () throws(SystemError) in try reactor.run() }
    return outcome ?? .failure(StartFailure(EX_SOFTWARE, "the listener did not answer"))
  }
}
