import AgentProtocol
import NIOCore
import OpenSSL
import SupervisorLink
import TestSupport
import Testing
import Values

@testable import Listener

/// Prometheus accepts the page of `GET /metrics`, which has every series from the start.
struct MetricsArePrometheusText {
  static var figures: HostFigures {
    var figures = HostFigures(
      startedAt: Timestamp(milliseconds: 1_800_000_000_500),
      capacity: Capacity(maxRunning: 4, maxQueued: 9, running: 1, queued: 2))
    figures.submitted = 12
    figures.ended = JobState.allCases.filter(\.isFinal).map { .init(state: $0, count: $0 == .failed ? 3 : 0) }
    for milliseconds in [50, 1000, 1001, 90_000_000] as [Int64] {
      figures.ran.add(from: Timestamp(milliseconds: 5), to: Timestamp(milliseconds: 5 + milliseconds))
    }
    figures.waited.add(from: Timestamp(milliseconds: 5), to: Timestamp(milliseconds: 4))
    figures.ledgerBytes = 8192
    figures.diskFreeBytes = 77
    figures.diskFloorBytes = 66
    figures.listenerRestarts = 5
    figures.reloads = 6
    figures.failedReloads = 7
    figures.renewals = 8
    figures.failedRenewals = 9
    figures.nextRenewal = Timestamp(milliseconds: 1_900_000_000_000)
    figures.processes = [.init(role: "signer", residentBytes: 4096, cpuSeconds: 0.25)]
    figures.openDescriptors = 21
    return figures
  }

  private func page(_ conversation: Conversation, _ head: String = "GET /metrics HTTP/1.1") throws -> PrometheusText {
    let answer = conversation.exchange("\(head)\r\nHost: agent\r\n\r\n")
    #expect(answer.status == 200)
    #expect(answer.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    return try PrometheusText(answer.body)
  }

  private func conversation() throws -> Conversation {
    try Conversation(
      ScriptedSupervisor { command in
        switch command {
        case .showMetrics: .metrics(Self.figures)
        case .listJobs: .jobs(JobPageDocument(jobs: JSONWriter(), count: 0, cursor: nil))
        default: nil
        }
      })
  }

  @Test func whatTheSupervisorCounts() throws {
    let conversation = try conversation()
    let page = try page(conversation)
    #expect(conversation.supervisor.commands == [.showMetrics])
    #expect(page.values["agentd_start_time_seconds"] == 1_800_000_000.5)
    #expect(page.values["agentd_jobs{state=\"running\"}"] == 1)
    #expect(page.values["agentd_jobs{state=\"queued\"}"] == 2)
    #expect(page.values["agentd_jobs_limit{state=\"queued\"}"] == 9)
    #expect(page.values["agentd_jobs_submitted_total"] == 12)
    #expect(page.values["agentd_jobs_ended_total{state=\"failed\"}"] == 3)
    #expect(page.values["agentd_jobs_ended_total{state=\"succeeded\"}"] == 0)
    #expect(page.values["agentd_job_duration_seconds_bucket{le=\"0.1\"}"] == 1)
    #expect(page.values["agentd_job_duration_seconds_bucket{le=\"1\"}"] == 2)
    #expect(page.values["agentd_job_duration_seconds_bucket{le=\"86400\"}"] == 3)
    #expect(page.values["agentd_job_duration_seconds_bucket{le=\"+Inf\"}"] == 4)
    #expect(page.values["agentd_job_duration_seconds_count"] == 4)
    #expect(page.values["agentd_job_duration_seconds_sum"] == 90_002.051)
    #expect(page.values["agentd_job_wait_seconds_sum"] == 0)
    #expect(page.values["agentd_ledger_size_bytes"] == 8192)
    #expect(page.values["agentd_disk_free_bytes"] == 77 && page.values["agentd_disk_floor_bytes"] == 66)
    #expect(page.values["agentd_listener_restarts_total"] == 5)
    #expect(page.values["agentd_reloads_total{result=\"success\"}"] == 6)
    #expect(page.values["agentd_reloads_total{result=\"failure\"}"] == 7)
    #expect(page.values["agentd_certificate_renewals_total{result=\"success\"}"] == 8)
    #expect(page.values["agentd_certificate_renewals_total{result=\"failure\"}"] == 9)
    #expect(page.values["agentd_certificate_next_renewal_timestamp_seconds"] == 1_900_000_000)
    #expect(page.values["agentd_process_resident_memory_bytes{process=\"signer\"}"] == 4096)
    #expect(page.values["agentd_process_cpu_seconds_total{process=\"signer\"}"] == 0.25)
    #expect(page.values["agentd_process_open_fds{process=\"supervisor\"}"] == 21)
  }

  @Test func requestsByOperationAndStatus() throws {
    let conversation = try conversation()
    for request in ["GET /v1/agent", "HEAD /v1/agent", "GET /v1/jobs", "GET /nowhere", "GET /v1/jobs?x=1"] {
      _ = conversation.exchange("\(request) HTTP/1.1\r\nHost: agent\r\n\r\n")
    }
    let page = try page(conversation)
    func count(_ operation: String, _ status: String) -> Double? {
      page.values["agentd_requests_total{operation=\"\(operation)\",status=\"\(status)\"}"]
    }
    #expect(count("showAgent", "2xx") == 2)
    #expect(count("listJobs", "2xx") == 1)
    #expect(count("none", "4xx") == 2)
    #expect(count("submitJob", "5xx") == 0)
    // The page itself is counted once it is sent.
    #expect(count("showMetrics", "2xx") == 0)
    #expect(try self.page(conversation).values["agentd_requests_total{operation=\"showMetrics\",status=\"2xx\"}"] == 1)
  }

  @Test func everyRuleIsThereFromTheStart() throws {
    let page = try page(conversation())
    let rules = page.values.keys.filter { $0.hasPrefix("agentd_handshakes_refused_total{") }
    #expect(rules.count == 34)
    for rule in ["expired", "not_yet_valid", "revoked", "missing_issuer", "no_certificate", "plain_http", "other"] {
      #expect(page.values["agentd_handshakes_refused_total{rule=\"\(rule)\"}"] == 0, "\(rule)")
    }
    for limit in ["connections", "connections_per_source", "unauthenticated", "unauthenticated_per_source"] {
      #expect(page.values["agentd_connections_dropped_total{limit=\"\(limit)\"}"] == 0)
    }
  }

  /// Names come from certificates: their contents must not become lines of the page.
  @Test func namesAreEscaped() throws {
    var dated = DatedMaterial()
    let name = "CN=\"x\\\"} 1\nagentd_jobs 7"
    dated.items = [
      .init(kind: .root, subject: name, thumbprint: Thumbprint(repeating: "ab"), begin: 0, end: 1_800_000_000),
      .init(kind: .revocationList, subject: name, thumbprint: Thumbprint(repeating: "cd"), begin: 0, end: 5),
      .init(kind: .revocationList, subject: "CN=b", thumbprint: Thumbprint(repeating: "ef"), begin: 0, end: nil),
    ]
    let page = MetricsPage(metrics: ListenerMetrics(version: "1", dated: dated))
    let text = String(buffer: page.text(Self.figures, now: Timestamp(milliseconds: 10_000)))
    let values = try PrometheusText(text).values
    let escaped = #"CN=\"x\\\"} 1\nagentd_jobs 7"#
    #expect(
      values[
        "agentd_certificate_not_after_timestamp_seconds{role=\"root\",subject=\"\(escaped)\",sha256=\"\(Thumbprint(repeating: "ab"))\"}"
      ]
        == 1_800_000_000)
    #expect(
      values["agentd_revocation_list_expired{issuer=\"\(escaped)\",sha256=\"\(Thumbprint(repeating: "cd"))\"}"] == 1)
    #expect(values["agentd_revocation_list_expired{issuer=\"CN=b\",sha256=\"\(Thumbprint(repeating: "ef"))\"}"] == 0)
    #expect(!values.keys.contains("agentd_jobs"))
  }

  @Test func theReaderOfThisTestIsStrict() {
    for page in [
      "a_total 1\n", "# HELP a x\n# TYPE a gauge\n", "# HELP a xx\n# TYPE a counter\na 1\n",
      "# HELP a xx\n# TYPE a gauge\na 1", "# HELP a xx\n# TYPE a gauge\na one\n",
      "# HELP a xx\n# TYPE a gauge\na 1\na 1\n", "# HELP a xx\n# TYPE a gauge\na{b=\"\\x\"} 1\n",
      "# HELP a xx\n# TYPE a gauge\na{b=\"c\",b=\"d\"} 1\n", "# HELP a xx\n# TYPE a gauge\nb 1\n",
    ] {
      #expect(throws: PrometheusText.Fault.self, "\(page)") { try PrometheusText(page) }
    }
  }
}
