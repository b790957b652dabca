import AgentProtocol
import FoundationEssentials
import Logging
import SupervisorLink
import Wording

/// What the audit log records of a request: who, from where, what with its arguments, as whom, where, and the answer.
///
/// Address and identity are as reported by the listener; the digests are computed here, from what is executed.
enum AuditFacts {
  /// The maximum number of bytes of a job's arguments that are recorded, quoted as for a shell.
  static let argumentBytes = 1024

  static func of(_ request: ClientRequest, answeredWith answer: JobAnswer) -> Logger.Metadata {
    let (client, command) = (request.client, request.command)
    var facts: Logger.Metadata = [
      "client": "\(client.subject)", "thumbprint": "\(client.thumbprint)", "answer": "\(answer.inAudit)",
    ]
    if !client.address.isEmpty { facts["address"] = "\(client.address)" }
    facts["job"] = command.job.map { "\($0)" }
    // No fact if there are no rules.
    let rule = if let rights = request.rights { rights.rule } else { "none" as String? }
    facts["rule"] = rule.map { "\($0)" }
    if case .cancelJobs(let subject) = command { facts["of"] = "\(subject)" }
    if case .submitJob(_, let job, _) = command { facts.merge(of(job)) { $1 } }
    if case .job(let status, _) = answer { facts["user"] = "\(status.user)" }
    if case .problem(let problem) = answer { facts["detail"] = "\(problem.detail)" }
    return facts
  }

  private static func of(_ job: JobRequest) -> Logger.Metadata {
    var facts: Logger.Metadata = ["program": "\(job.command.first ?? "")", "request_sha256": "\(job.digest)"]
    if job.command.count > 1 { facts["arguments"] = "\(quoted(job.command.dropFirst()))" }
    facts["user"] = job.user.map { "\($0)" }
    facts["group"] = job.group.map { "\($0)" }
    facts["directory"] = job.directory.map { "\($0)" }
    facts["script_sha256"] = job.script.map { "\(SHA256.hexadecimal(of: Array($0.utf8)))" }
    return facts
  }

  private static func quoted(_ arguments: ArraySlice<String>) -> String {
    var text = ""
    for argument in arguments {
      text += (text.isEmpty ? "" : " ") + shellWord(argument)
      if text.utf8.count > argumentBytes {
        return String(decoding: text.utf8.prefix(argumentBytes - 3), as: UTF8.self) + "..."
      }
    }
    return text
  }
}

extension JobAnswer {
  fileprivate var inAudit: String {
    switch self {
    case .job(let status, let created): created ? "created" : status.state.rawValue
    case .jobs(let page): "\(page.count) jobs"
    case .jobDocument(_, let created): created == nil ? "shown" : "created"
    case .output: "opened"
    case .deleted: "deleted"
    case .accepted: "accepted"
    case .cancelled(let jobs): "\(jobs.queued + jobs.running) cancelled"
    case .permitted: "permitted"
    case .metrics: "metrics"
    case .events(let batch): "\(batch.changes.count) events"
    case .problem(let problem): problem.kind.rawValue
    }
  }

  var isRefusal: Bool {
    if case .problem(let problem) = self { problem.kind != .notFound } else { false }
  }
}
