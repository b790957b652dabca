// Goal: a stolen certificate yields few others, and all of the agent's can be revoked at once; the agent itself keeps working.
import SystemCalls
import TestSupport
import Testing

@Suite struct RenewalsAreLimited {
  @Test func byOneCertificateWithinADay() async throws {
    let enrolment = try await ServedEnrolment()
    try await enrolment.request("own")
    try await enrolment.save(try await enrolment.enrol("own", code: try await enrolment.code()), as: "own.pem")
    try await enrolment.request("next")
    for index in 1...4 {
      let answer = try await enrolment.renew("next", with: "own.pem", key: "own.key")
      #expect(answer.status == 200, "\(answer.body)")
      try await enrolment.save(answer, as: "next\(index).pem")
    }
    for _ in 0..<3 {
      let refused = try await enrolment.renew("next", with: "own.pem", key: "own.key")
      #expect(refused.status == 429)
      #expect(refused.body.contains("was renewed 4 times within a day") && refused.body.contains("/AGENTNAME=AGENT01"))
    }
    // The next certificate has its own limit.
    #expect(try await enrolment.renew("next", with: "next1.pem", key: "next.key").status == 200)

    let answer = try await enrolment.scheduler.succeed("REVOKE CERT /AGENTNAME=agent01")
    #expect(answer.split(separator: "\n").count { $0 == "Certificate revoked" } == 6, "\(answer)")
    for file in ["own", "next1", "next4"] {
      let revoked = try await enrolment.renew("next", with: "\(file).pem", key: file == "own" ? "own.key" : "next.key")
      #expect(revoked.status == 0 && revoked.body.contains("revoked"), "\(file): \(revoked.body)")
    }
    let again = try await enrolment.scheduler.register("REVOKE CERT /AGENTNAME=AGENT01")
    #expect(again.end == .exited(65) && again.errorText.contains("no certificate of that name"), "\(again.errorText)")
    // With a new code, the agent enrols again.
    try await enrolment.request("new")
    #expect(try await enrolment.enrol("new", code: try await enrolment.code()).status == 200)
  }

  @Test func ofOneName() async throws {
    let enrolment = try await ServedEnrolment()
    try await enrolment.request("own")
    try await enrolment.save(try await enrolment.enrol("own", code: try await enrolment.code()), as: "1.pem")
    var refused: ServedEnrolment.Answer?
    for index in 1...17 {
      let answer = try await enrolment.renew("own", with: "\(index).pem", key: "own.key")
      if answer.status != 200 { refused = answer; break }
      try await enrolment.save(answer, as: "\(index + 1).pem")
    }
    #expect(refused?.status == 429)
    #expect(refused?.body.contains("16 renewed certificates of AGENT01 are in force") == true, "\(refused?.body ?? "")")
    try await enrolment.request("other", subject: "/CN=AGENT02")
    let code = try await enrolment.code("/AGENTNAME=AGENT02")
    try await enrolment.save(try await enrolment.enrol("other", code: code, user: "AGENT02"), as: "other.pem")
    #expect(try await enrolment.renew("other", with: "other.pem", key: "other.key").status == 200)
  }
}
