import AgentProtocol
import FoundationEssentials
import TestSupport

/// An HTTP answer.
struct Response: Sendable {
  let status: Int
  let body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
}

/// Requests like a scheduler's, sent with curl.
extension Installation {
  var url: String { "https://localhost:\(port)/v1" }

  /// Returns the arguments with which curl trusts the agent and authenticates.
  func curlArguments(as credential: Presented? = nil) -> [String] {
    let credential = credential ?? certificates.connector
    return ["--silent", "--show-error", "--max-time", "120", "--noproxy", "*", "--cacert", certificates.rootPath]
      + credential.curlArguments
  }

  /// Sends one request on a separate connection.
  ///
  /// - Throws: `HarnessError` with curl's message if there was no HTTP answer.
  @discardableResult
  func request(
    _ method: String = "GET", _ path: String, body: String? = nil, as credential: Presented? = nil,
    curl arguments: [String] = []
  ) async throws -> Response {
    var command =
      ["curl"] + curlArguments(as: credential) + ["--write-out", "%{stderr}%{http_code}", "--request", method]
    if body != nil { command += ["--header", "Content-Type: application/json", "--data-binary", "@-"] }
    let result = try await TestProcess(
      command + arguments + ["\(url)/\(path)"], environment: environment, input: Array((body ?? "").utf8)
    ).end()
    guard result.end == .exited(0), let status = Int(result.errorText.suffix(3)) else {
      throw HarnessError("curl \(method) \(path): \(result.end): \(result.errorText)")
    }
    return Response(status: status, body: result.output)
  }

  /// Submits a job, which must be accepted.
  ///
  /// - Parameter fields: further members of the JSON body, for example `"timeout": 1`.
  @discardableResult
  func submit(_ id: String, _ command: [String], fields: String...) async throws -> JobStatus {
    let encoded = String(decoding: try JSONEncoder().encode(command), as: UTF8.self)
    let body = "{" + (["\"command\": \(encoded)"] + fields).joined(separator: ", ") + "}"
    let response = try await request("PUT", "jobs/\(id)", body: body)
    if response.status != 201 { throw HarnessError("submit of \(id): \(response.status) \(response.text)") }
    return try JSONDecoder().decode(JobStatus.self, from: Data(response.body))
  }

  /// Returns a job's status; with `wait`, when it has ended or after that many seconds.
  func job(_ id: String, wait: Int = 0) async throws -> JobStatus {
    let response = try await request("GET", "jobs/\(id)?wait=\(wait)")
    if response.status != 200 { throw HarnessError("status of \(id): \(response.status) \(response.text)") }
    return try JSONDecoder().decode(JobStatus.self, from: Data(response.body))
  }

  /// Runs a job to its end.
  ///
  /// - Returns: its status and its complete output.
  @discardableResult
  func finish(_ id: String, _ command: [String], fields: String...) async throws -> (status: JobStatus, output: String)
  {
    let encoded = String(decoding: try JSONEncoder().encode(command), as: UTF8.self)
    let body = "{" + (["\"command\": \(encoded)"] + fields).joined(separator: ", ") + "}"
    let response = try await request("PUT", "jobs/\(id)", body: body)
    if response.status != 201 { throw HarnessError("submit of \(id): \(response.status) \(response.text)") }
    return (try await job(id, wait: 30), try await request("GET", "jobs/\(id)/output").text)
  }
}
