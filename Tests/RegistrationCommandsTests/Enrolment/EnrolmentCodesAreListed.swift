// Goal: the issuer of enrolment codes can see for which agents they exist and what became of them, but never a secret; an unused code can
// be revoked and is then worthless.
import TestSupport
import Testing

@Suite struct EnrolmentCodesAreListed {
  @Test func andTakenBack() async throws {
    let enrolment = try await ServedEnrolment()
    let scheduler = enrolment.scheduler
    #expect(try await scheduler.succeed("LIST ENROLMENT CODE").contains("no enrolment code; make one with"))
    let (taken, used) = (try await enrolment.code("/AGENTNAME=AGENT02 /EXPIRES=2h"), try await enrolment.code())
    try await enrolment.request("own")
    #expect(try await enrolment.enrol("own", code: used).status == 200)

    let list = try await scheduler.succeed("list enrolment code")
    let line = /(AGENT0\d)  created 20\d\d-[-0-9:T.]+Z  valid to 20\d\d-[-0-9:T.]+Z  (not used|used 20\d\d-[-0-9:T.]+Z)/
    let rows = try list.split(separator: "\n").map { try #require($0.wholeMatch(of: line), "\($0)") }
    #expect(rows.map(\.1) == ["AGENT01", "AGENT02"])
    #expect(rows[0].2.hasPrefix("used ") && rows[1].2 == "not used")
    for part in taken.split(separator: ".") + used.split(separator: ".") { #expect(!list.contains(part)) }

    let removed = try await scheduler.succeed("REMOVE ENROLMENT CODE /AGENTNAME=agent02")
    #expect(removed.contains("Enrolment code REMOVED"))
    #expect(!(try await scheduler.succeed("LIST ENROLMENT CODE").contains("AGENT02")))
    try await enrolment.request("second", subject: "/CN=AGENT02")
    let refused = try await enrolment.enrol("second", code: taken, user: "AGENT02")
    #expect(refused.status == 401 && refused.body.contains("there is no such enrolment code"), "\(refused.body)")
  }

  @Test(
    arguments: [
      ("AGENT01", "the enrolment code of AGENT01 was used at 20"),
      ("AGENT03", "there is no enrolment code for AGENT03"),
    ])
  func whatCannotBeTakenBack(agent: String, words: String) async throws {
    let enrolment = try await ServedEnrolment()
    try await enrolment.request("own")
    #expect(try await enrolment.enrol("own", code: try await enrolment.code()).status == 200)
    let before = try enrolment.scheduler.image()
    let result = try await enrolment.scheduler.register("REMOVE ENROLMENT CODE /AGENTNAME=\(agent)")
    #expect(result.end == .exited(65))
    #expect(result.errorText.contains(words), "\(result.errorText)")
    #expect(try enrolment.scheduler.image() == before)
  }
}
