import AgentProtocol
import MetricsText
import NIOCore
import OpenSSL
import SupervisorLink
import Values

/// The answer to `GET /metrics`: the counts of this listener, the expiry dates of its material, and the supervisor's counts.
struct MetricsPage {
  let metrics: ListenerMetrics

  /// Returns the page as of `now`.
  func text(_ host: HostFigures, now: Timestamp = .now()) -> ByteBuffer {
    var page = Exposition()
    let openssl = OpenSSLLibrary.version.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    page.add(
      "agentd_build_info", .gauge, "Versions of agentd and of the OpenSSL library it uses.",
      [.init(1, ("version", metrics.version), ("openssl", openssl))])
    addJobs(host, to: &page)
    addConnections(to: &page)
    addRequests(to: &page)
    addDates(now.seconds, to: &page)
    addProcesses(host, to: &page)
    return ByteBuffer(string: page.text)
  }

  private func addJobs(_ host: HostFigures, to page: inout Exposition) {
    let capacity = host.capacity
    page.add(
      "agentd_jobs", .gauge, "Jobs that run or wait.",
      [.init(capacity.running, ("state", "running")), .init(capacity.queued, ("state", "queued"))])
    page.add(
      "agentd_jobs_limit", .gauge, "Jobs that may run or wait (max_running, max_queued).",
      [.init(capacity.maxRunning, ("state", "running")), .init(capacity.maxQueued, ("state", "queued"))])
    page.add(
      "agentd_jobs_submitted_total", .counter, "Jobs accepted since the supervisor started.", [.init(host.submitted)])
    page.add(
      "agentd_jobs_ended_total", .counter, "Jobs that reached a final state since the supervisor started.",
      host.ended.map { .init($0.count, ("state", $0.state.rawValue)) })
    page.add("agentd_job_wait_seconds", "Time that finished jobs waited before they started.", host.waited)
    page.add("agentd_job_duration_seconds", "Time that finished jobs ran.", host.ran)
    page.add("agentd_ledger_size_bytes", .gauge, "Size of the job ledger on disk.", [.init(host.ledgerBytes)])
    page.add(
      "agentd_disk_free_bytes", .gauge, "Free bytes on the disk that holds the jobs.",
      host.diskFreeBytes.map { [.init($0)] } ?? [])
    page.add(
      "agentd_disk_floor_bytes", .gauge, "Free bytes below which no job is accepted (disk_floor).",
      host.diskFloorBytes.map { [.init($0)] } ?? [])
  }

  private func addConnections(to page: inout Exposition) {
    let open = metrics.open
    page.add(
      "agentd_connections", .gauge, "Open connections, by whether the client has authenticated.",
      [
        .init(open.authenticated, ("client", "authenticated")),
        .init(open.unauthenticated, ("client", "unauthenticated")),
      ])
    page.add(
      "agentd_handshakes_accepted_total", .counter, "TLS handshakes of accepted clients since the listener started.",
      metrics.accepted.sorted { $0.key < $1.key }.map { .init($1.count, ("version", $0)) })
    page.add(
      "agentd_handshakes_refused_total", .counter, "TLS handshakes that failed since the listener started.",
      metrics.refused.sorted { $0.key < $1.key }.map { .init($1.count, ("rule", $0)) })
    page.add(
      "agentd_connections_dropped_total", .counter,
      "Connections dropped because of a limit since the listener started.",
      Admission.Refusal.allCases.map { .init(metrics.dropped[$0]?.count ?? 0, ("limit", $0.rawValue)) })
  }

  private func addRequests(to page: inout Exposition) {
    let operations = Operation.allCases.map { $0 as Operation? } + [nil]
    page.add(
      "agentd_requests_total", .counter, "Requests answered since the listener started.",
      operations.flatMap { operation in
        (2...5).map { digit in
          let count = metrics.answered[.init(operation: operation, statusClass: digit)]?.count ?? 0
          return .init(count, ("operation", operation?.rawValue ?? "none"), ("status", "\(digit)xx"))
        }
      })
  }

  private func addDates(_ now: Int64, to page: inout Exposition) {
    let certificates = metrics.dated.items.filter { $0.kind != .revocationList }
    page.add(
      "agentd_certificate_not_after_timestamp_seconds", .gauge,
      "When a certificate in use expires, in seconds since the epoch.",
      certificates.compactMap { item in
        item.end.map {
          .init($0, ("role", item.kind.rawValue), ("subject", item.subject), ("sha256", "\(item.thumbprint)"))
        }
      })
    let lists = metrics.dated.items.filter { $0.kind == .revocationList }
    page.add(
      "agentd_revocation_list_next_update_timestamp_seconds", .gauge,
      "When a revocation list expires, in seconds since the epoch.",
      lists.compactMap { list in
        list.end.map { .init($0, ("issuer", list.subject), ("sha256", "\(list.thumbprint)")) }
      })
    page.add(
      "agentd_revocation_list_expired", .gauge, "Whether a revocation list has expired (1) or not (0).",
      lists.map { list in
        .init(list.end.map { $0 < now } ?? false ? 1 : 0, ("issuer", list.subject), ("sha256", "\(list.thumbprint)"))
      })
  }

  private func addProcesses(_ host: HostFigures, to page: inout Exposition) {
    page.add(
      "agentd_start_time_seconds", .gauge, "When the supervisor started, in seconds since the epoch.",
      [.init(host.startedAt)])
    page.add(
      "agentd_listener_start_time_seconds", .gauge, "When the answering listener started, in seconds since the epoch.",
      [.init(metrics.startedAt)])
    page.add(
      "agentd_listener_restarts_total", .counter, "Listeners started to replace one that died.",
      [.init(host.listenerRestarts)])
    page.add(
      "agentd_reloads_total", .counter, "Reloads, by whether the new configuration serves.",
      [.init(host.reloads, ("result", "success")), .init(host.failedReloads, ("result", "failure"))])
    page.add(
      "agentd_certificate_renewals_total", .counter,
      "Renewals of the listener's certificate, by whether they succeeded.",
      [.init(host.renewals, ("result", "success")), .init(host.failedRenewals, ("result", "failure"))])
    page.add(
      "agentd_certificate_next_renewal_timestamp_seconds", .gauge,
      "When agentd next renews the listener's certificate, in seconds since the epoch.",
      host.nextRenewal.map { [.init($0)] } ?? [])
    page.add(
      "agentd_revocation_list_fetches_total", .counter,
      "Requests to the enrolment service for newer revocation lists, by whether they succeeded.",
      [.init(host.refreshes, ("result", "success")), .init(host.failedRefreshes, ("result", "failure"))])
    page.add(
      "agentd_revocation_list_last_fetch_timestamp_seconds", .gauge,
      "When such a request last succeeded, in seconds since the epoch.",
      host.lastRefresh.map { [.init($0)] } ?? [])
    page.add(
      "agentd_process_resident_memory_bytes", .gauge, "Resident memory of an agentd process.",
      host.processes.map { .init($0.residentBytes, ("process", $0.role)) })
    page.add(
      "agentd_process_cpu_seconds_total", .counter, "CPU time of an agentd process.",
      host.processes.map { .init($0.cpuSeconds, ("process", $0.role)) })
    page.add(
      "agentd_process_open_fds", .gauge, "File descriptors that the supervisor has open.",
      host.openDescriptors.map { [.init($0, ("process", "supervisor"))] } ?? [])
  }
}

extension Exposition {
  fileprivate mutating func add(_ name: String, _ help: String, _ histogram: DurationHistogram) {
    add(name, help, bounds: DurationHistogram.bounds, counts: histogram.counts, sum: histogram.sum)
  }
}
