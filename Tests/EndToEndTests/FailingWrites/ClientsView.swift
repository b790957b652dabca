import AgentProtocol
import FoundationEssentials
import TestSupport

/// A job that is submitted, ends and is deleted, as its client sees it.
struct ClientsView {
  private let job: MarkingJob
  /// The status codes of the answers; `nil` without an answer.
  private(set) var submitted: Int?
  private(set) var ended: JobStatus?
  private(set) var deleted: Int?

  /// Submits the job, waits for its end and deletes it, as long as there are answers.
  init(of id: String, at agent: Installation) async {
    job = MarkingJob(id: id, agent: agent)
    submitted = await job.submit()
    guard submitted == 201 else { return }
    ended = await job.status()
    deleted = ended == nil ? nil : await job.delete()
  }

  /// Returns the broken promises, after agentd has been restarted.
  ///
  /// - Parameter endMayBeUnknown: whether the fault kept the shepherd from recording the end of the job, or agentd from reading it.
  func brokenPromises(endMayBeUnknown: Bool) async throws -> [String] {
    var found = await job.status()
    var broken: [String] = []
    if submitted == 201, ended == nil, found == nil { broken.append("answered 201, and lost") }
    if let submitted, submitted != 201, found != nil { broken.append("answered \(submitted), and there") }
    if deleted == 204, found != nil { broken.append("deleted, and there") }
    if let deleted, deleted != 204, found == nil { broken.append("answered \(deleted) to its deletion, and gone") }
    if let ended, let found, ended != found { broken.append("was \(ended), is \(found)") }
    if submitted == nil {
      // A client that got no answer asks again.
      let again = await job.submit()
      if again != 200, again != 201 { broken.append("submitted again: \(again ?? 0)") }
      found = await job.status()
    }
    for status in [ended, found].compactMap(\.self) {
      broken += try job.contradictions(of: status, endMayBeUnknown: endMayBeUnknown)
    }
    if try job.marks > 1 { broken.append("ran \(try job.marks) times") }
    if deleted == 204 { try await job.waitForFolderToGo() }
    return broken
  }
}

/// A job that leaves a mark when it runs.
struct MarkingJob {
  let id: String
  let agent: Installation

  /// Submits the job.
  ///
  /// - Parameter command: what the job does before it leaves its mark.
  /// - Returns: the status code; `nil` without an answer.
  func submit(after command: String = "true") async -> Int? {
    let body = """
      {"command": ["/bin/sh", "-c", "\(command); echo \(id) >> \(agent.folder.path("marks")); echo out"],
       "directory": "\(agent.folder.path("gates"))"}
      """
    return await code { try await agent.request("PUT", "jobs/\(id)", body: body).status }
  }

  func delete() async -> Int? { await code { try await agent.request("DELETE", "jobs/\(id)").status } }

  /// Returns its status when it has ended; `nil` without an answer or if there is no such job.
  func status() async -> JobStatus? {
    guard let answer = try? await agent.request("GET", "jobs/\(id)?wait=30"), answer.status == 200 else { return nil }
    return try? JSONDecoder().decode(JobStatus.self, from: Data(answer.body))
  }

  /// How often it ran.
  var marks: Int { get throws { try agent.folder.read("marks").split(separator: "\n").count { $0 == id } } }

  /// Returns what is impossible in its status.
  func contradictions(of status: JobStatus, endMayBeUnknown: Bool) throws -> [String] {
    switch (status.state, try marks) {
    case (.succeeded, 1), (.couldNotStart, 0), (.interrupted, 0): []
    case (.interrupted, 1) where endMayBeUnknown: []
    case (let state, let marks): ["\(id) is \(state.rawValue) (\(status.reason ?? "")), and ran \(marks) times"]
    }
  }

  /// Waits for the job's folder to be removed, at the latest by the next start of agentd.
  func waitForFolderToGo() async throws {
    try await wait(for: "the folder of \(id) to go") { (try? agent.folder.read("state/jobs/\(id)/output")) == nil }
  }

  // 503 is the listener's own answer if the supervisor does not respond; the client should retry.
  private func code(_ request: () async throws -> Int) async -> Int? {
    let code = try? await request()
    return code == 503 ? nil : code
  }
}
