// Goal: nobody without a right to it gets a certificate; the reason is given in one line to the client and in the log, nothing is recorded,
// and the agent that has the right still gets its certificate.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct EnrolmentRefusals {
  @Test func codes() async throws {
    let enrolment = try await ServedEnrolment()
    try await enrolment.request("own")
    let lost = try await enrolment.code()
    let expired = try await enrolment.code("/AGENTNAME=AGENT02 /EXPIRES=1s")
    let code = try await enrolment.code()
    try await Task.sleep(for: .seconds(2))  // the code's own lifetime
    let before = try enrolment.scheduler.image()
    let rows: [(code: String, user: String, status: Int, words: String)] = [
      ("AAAAA-AAAAA-AAAAA-AAAAA", "AGENT01", 401, "there is no such enrolment code"),
      ("", "AGENT01", 401, "there is no such enrolment code"),
      (String(repeating: "A", count: 600), "AGENT01", 401, "there is no such enrolment code"),
      // Replaced by a new code for the same agent.
      (lost, "AGENT01", 401, "there is no such enrolment code"),
      (expired, "AGENT02", 401, "the enrolment code expired at"),
      (code, "AGENT02", 403, "the enrolment code is for another agent"),
    ]
    for row in rows {
      let answer = try await enrolment.enrol("own", code: row.code, user: row.user)
      #expect(answer.status == row.status, "\(row)")
      #expect(answer.body.contains(row.words), "\(answer.body)")
      #expect(answer.body.split(separator: "\n").count == 1)
    }
    try await enrolment.logLine("refused", "wrong code, given by", "AGENT01", "status=401")
    try await enrolment.logLine("refused", "expired code of AGENT02")
    #expect(try enrolment.scheduler.image() == before)
    #expect(try await enrolment.enrol("own", code: code, "127.0.0.2").status == 200)
  }

  @Test(
    arguments: [
      ("/CN=AGENT02", nil, "AGENT02"),
      ("/CN=AGENT01", "DNS:AGENT01,DNS:scheduler.example.com", "scheduler.example.com"),
      ("/CN=AGENT01", "IP:192.0.2.1", "192.0.2.1"),
    ] as [(String, String?, String)])
  func strangersNames(_ subject: String, _ names: String?, _ stranger: String) async throws {
    let enrolment = try await ServedEnrolment()
    let code = try await enrolment.code()
    let before = try enrolment.scheduler.image()
    try await enrolment.request("stranger", subject: subject, names: names)
    let answer = try await enrolment.enrol("stranger", code: code)
    #expect(answer.status == 403)
    #expect(
      answer.body.contains("asks for the name \(stranger), which the requesting agent does not have: AGENT01"),
      "\(answer.body)")
    try await enrolment.logLine("refused", "asks for the name \(stranger)")
    #expect(try enrolment.scheduler.image() == before)
    try await enrolment.request("own")
    #expect(try await enrolment.enrol("own", code: code).status == 200)
  }

  @Test func whatIsNoRequest() async throws {
    let enrolment = try await ServedEnrolment()
    let code = try await enrolment.code()
    try await enrolment.request("own")
    let folder = enrolment.scheduler.folder
    try folder.write("large.b64", String(repeating: "A", count: 32769))
    try folder.write("noise.b64", "this is not base64!")
    try folder.write("other.b64", "MAA=")
    let pkcs10 = "Content-Type: application/pkcs10"
    let rows: [(arguments: [String], status: Int, words: String)] = [
      (["--user", "AGENT01:\(code)", "--header", pkcs10, "--data-binary", "@large.b64"], 413, "at most 32768 bytes"),
      (["--user", "AGENT01:\(code)", "--header", pkcs10, "--data-binary", "@noise.b64"], 400, "not base64"),
      (
        ["--user", "AGENT01:\(code)", "--header", pkcs10, "--data-binary", "@other.b64"], 400,
        "is not a certificate request"
      ),
      (["--user", "AGENT01:\(code)", "--data-binary", "@own.b64"], 415, "application/pkcs10"),
      (["--header", pkcs10, "--data-binary", "@own.b64"], 401, "an enrolment code is needed"),
      (["--user", "AGENT01:\(code)"], 405, "accepts only POST"),
    ]
    for row in rows {
      let answer = try await curl(enrolment, row.arguments)
      #expect(answer.status == row.status, "\(row)")
      #expect(answer.body.contains(row.words), "\(answer.body)")
    }
    #expect(try await enrolment.curl("fullcmc").status == 404)
    #expect(try await enrolment.enrol("own", code: code).status == 200)
  }

  private func curl(_ enrolment: ServedEnrolment, _ arguments: [String]) async throws -> ServedEnrolment.Answer {
    // Passed in a file, because the method's arguments are variadic.
    let text = stride(from: 0, to: arguments.count, by: 2).map { index in
      "\(arguments[index].dropFirst(2)) = \"\(arguments[index + 1])\"\n"
    }.joined()
    try enrolment.scheduler.folder.write("arguments", text)
    return try await enrolment.curl("simpleenroll", "--config", "arguments")
  }
}
