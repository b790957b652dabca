// Goal: a request may have as many bytes as docs/openapi.yaml says, and not one more, however the client states the length.
import TestSupport
import Testing

@Suite struct BodiesHaveALimit {
  private static let limit = 1_048_576
  private static let job = #"{"command": ["/bin/echo", "ran"], "directory": "/"}"#

  private static let chunked = ["--http1.1", "--header", "Transfer-Encoding: chunked"]
  // Otherwise curl waits for "100 Continue" first.
  private static let unasked = ["--http1.1", "--header", "Expect:"]

  @Test(arguments: [["--http1.1"], unasked, chunked, chunked + ["--header", "Expect:"], ["--http2"]])
  func ofOneByteMoreIsRefused(options: [String]) async throws {
    let agent = try await Installation.running()
    func put(_ id: String, _ size: Int) async throws -> Response {
      let path = try agent.folder.write(id, Self.job + String(repeating: " ", count: size - Self.job.utf8.count))
      return try await agent.request(
        "PUT", "jobs/\(id)",
        curl: options + ["--header", "Content-Type: application/json", "--data-binary", "@\(path)"])
    }
    let refused = try await put("larger", Self.limit + 1)
    #expect(refused.status == 413 && refused.text.contains("more than \(Self.limit) bytes"), "\(refused.text)")
    #expect(try await agent.request("GET", "jobs/larger").status == 404)
    let accepted = try await put("largest", Self.limit)
    #expect(accepted.status == 201, "\(accepted.text)")
    #expect(try await agent.job("largest", wait: 30).state == .succeeded)
    #expect(try await agent.request("GET", "jobs/largest/output").text == "ran\n")
  }
}
