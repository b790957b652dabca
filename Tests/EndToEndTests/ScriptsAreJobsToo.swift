// Goal: a script is a job like a command: submitting the same one again starts nothing, a different one is refused, its line ends cause a
// warning, and script and input are limited to the configured size.
import AgentProtocol
import FoundationEssentials
import TestSupport
import Testing

@Suite struct ScriptsAreJobsToo {
  @Test func fromSubmitToItsEnd() async throws {
    let agent = try await Installation.running()
    let script = ##"{"script": "#!/bin/sh -u\r\necho script of $(wc -l)\r\n", "stdin": "a\nb\n"}"##
    let first = try await agent.request("PUT", "jobs/script", body: script)
    #expect(first.status == 201)
    let accepted = try JSONDecoder().decode(JobStatus.self, from: Data(first.body))
    #expect(accepted.command == ["/bin/sh", "-u", "/dev/fd/3"])
    #expect(accepted.reason == "the script's lines ended in CR LF; they were converted to LF")
    let ended = try await agent.job("script", wait: 60)
    #expect(ended.state == .succeeded)
    #expect(ended.reason == accepted.reason)
    #expect(try await agent.request("GET", "jobs/script/output").text == "script of 2\n")

    #expect(try await agent.request("PUT", "jobs/script", body: script).status == 200)
    #expect(try await agent.request("PUT", "jobs/script", body: #"{"script": "echo other"}"#).status == 409)
    #expect(
      try await agent.request("PUT", "jobs/script", body: #"{"command": ["/bin/sh", "-u", "/dev/fd/3"]}"#).status == 409
    )
  }

  @Test func tooLarge() async throws {
    let agent = try await Installation.running(configuration: "[jobs]\ninput_limit = 10\n")
    for body in [#"{"script": "echo 789 1"}"#, #"{"command": ["/bin/cat"], "stdin": "1234567890"}"#] {
      let longer = body.replacing("1\"}", with: "12\"}").replacing("0\"}", with: "01\"}")
      let answer = try await agent.request("PUT", "jobs/long", body: longer)
      #expect(answer.status == 413)
      #expect(answer.text.contains("11 bytes; this agent accepts at most 10"), "\(answer.text)")
      let id = "short-\(body.utf8.count)"
      #expect(try await agent.request("PUT", "jobs/\(id)", body: body).status == 201)
      #expect(try await agent.job(id, wait: 60).state == .succeeded)
    }
  }
}
