// Goal: the files for Prometheus and Grafana match what agentd exports: promtool accepts the page and the alert rules, and each metric that
// a rule or the dashboard uses exists.
import FoundationEssentials
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct MonitoringFiles {
  private let folder = "\(BuiltProduct.packageFolder)/packaging"

  /// Debian's; if it is not installed, scripts/bootstrap extracts it from the package prometheus, which would start a server.
  private var promtool: String {
    let own = "\(BuiltProduct.packageFolder)/.build/prometheus/usr/bin/promtool"
    return (try? FileDescriptor.open(own, 0)) == nil ? "promtool" : own
  }

  @Test func metricsThatAreAskedForAreThere() async throws {
    let agent = try await Installation.running()
    let list = try PKI.shared.revocationList(
      by: agent.certificates.root, revoking: [], thisUpdate: -7200, nextUpdate: 600)
    try await agent.configure("-I", list)
    try await agent.logLine(with: "reload complete")
    _ = try await agent.finish("j1", ["/bin/true"])
    let page = try await agent.request("GET", "../metrics", curl: []).text
    let checked = try await run(promtool, "check", "metrics", input: page)
    #expect(checked.end == .exited(0) && checked.output.isEmpty && checked.errors.isEmpty, "\(checked.errorText)")

    let values = try PrometheusText(page).values
    #expect(values["agentd_job_duration_seconds_count"] == 1 && values["agentd_job_wait_seconds_count"] == 1)
    let there = Set(values.keys.map { $0.prefix { $0 != "{" }.description })
    let files = try ["prometheus/agentd.rules.yml", "prometheus/agentd.rules.test.yml", "grafana/agentd.json"].map(read)
    for file in files {
      let asked = Set(file.matches(of: #/\bagentd_[a-z_]+\b/#).map { String($0.0) })
      #expect(asked.count > 4)
      #expect(asked.subtracting(there) == [])
    }
  }

  @Test func theRulesDoWhatTheyShould() async throws {
    for check in [["check", "rules", "agentd.rules.yml"], ["test", "rules", "agentd.rules.test.yml"]] {
      let result = try await TestProcess([promtool] + check, directory: "\(folder)/prometheus").end()
      #expect(result.end == .exited(0), "\(result.outputText)\(result.errorText)")
    }
  }

  @Test func theDashboardIsOne() throws {
    struct Dashboard: Decodable {
      struct Panel: Decodable {
        struct Target: Decodable { let expr: String }
        let id: Int
        let targets: [Target]
      }
      let title: String
      let panels: [Panel]
    }
    let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(try read("grafana/agentd.json").utf8))
    #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
    #expect(dashboard.panels.allSatisfy { !$0.targets.isEmpty })
  }

  private func read(_ name: String) throws -> String {
    String(decoding: try DurableFile.read("\(folder)/\(name)", limit: 1 << 20), as: UTF8.self)
  }
}
