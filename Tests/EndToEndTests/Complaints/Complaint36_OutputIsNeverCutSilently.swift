// The complaint: NagiosEnterprises/nrpe#32, #192: output is cut at 1 KiB or 8 KiB without notice.
// The promise: output of any size arrives as written, or the job's state says what was dropped.
import AgentProtocol
import TestSupport
import Testing

@Suite struct Complaint36_OutputIsNeverCutSilently {
  @Test(arguments: [0, 1, 1023, 1024, 1025, 4096, 8191, 8192, 8193, 65536, 65537, 1_048_577])
  func sizeArrives(_ size: Int) async throws {
    let agent = try await Installation.running()
    let id = JobID("size")!
    let client = try agent.client()
    _ = try await client.submit(id, JobRequest(command: ["/bin/sh", "-c", "yes abcdefg | head -c \(size)"]))
    #expect(try await client.finalState(of: id).outputBytes == Int64(size))
    let line = Array("abcdefg\n".utf8)
    #expect(try await client.wholeOutput(of: id) == (0..<size).map { line[$0 % 8] })
  }

  @Test func whatIsCutIsStated() async throws {
    let agent = try await Installation.running()
    let id = JobID("cut")!
    let client = try agent.client()
    var request = JobRequest(command: ["/bin/sh", "-c", "yes abcdefg | head -c 100000; sleep 60"])
    request.outputLimit = 1000
    _ = try await client.submit(id, request)
    let ended = try await client.finalState(of: id)
    #expect(ended.state == .outputLimit)
    #expect(ended.outputBytes == 1000)
    #expect((ended.outputBytesDropped ?? 0) > 0)
    #expect(try await client.wholeOutput(of: id).count == 1000)
  }
}
