// Goal: whoever floods the enrolment service, with guessed codes or with held connections, is cut off, and an agent elsewhere does not
// notice.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct EnrolmentFloods {
  @Test func guessedCodes() async throws {
    let enrolment = try await ServedEnrolment()
    let code = try await enrolment.code()
    try await enrolment.request("own")
    var statuses: [Int] = []
    for _ in 0..<12 { statuses.append(try await enrolment.enrol("own", code: "AAAAA-AAAAA-AAAAA-AAAAA").status) }
    #expect(statuses.prefix(10) == ArraySlice(repeating: 401, count: 10))
    #expect(statuses.suffix(2) == [429, 429])
    // Not even the correct code, from that address.
    let right = try await enrolment.enrol("own", code: code)
    #expect(right.status == 429 && right.body.contains("try again in a minute"), "\(right.body)")
    #expect(try await enrolment.enrol("own", code: code, "127.0.0.2").status == 200)
    // Ten lines a minute, whatever arrives.
    #expect(enrolment.log.split(separator: "\n").count { $0.contains(" refused") } == 10)
  }

  @Test func heldConnections() async throws {
    let enrolment = try await ServedEnrolment()
    let code = try await enrolment.code()
    try await enrolment.request("own")
    var held: [FileDescriptor] = []
    for _ in 0..<64 { held.append(try connect(enrolment.port)) }
    try await wait(for: "the refusal of one connection more") {
      held.append(try connect(enrolment.port))
      return enrolment.log.contains("there are 64 connections from that address already")
    }
    #expect(try await enrolment.enrol("own", code: code).status == 0)
    #expect(try await enrolment.enrol("own", code: code, "127.0.0.2").status == 200)
    held = []
    try await wait(for: "the end of the flood") { try await enrolment.enrol("own", code: code).status == 200 }
  }

  private func connect(_ port: Int) throws -> FileDescriptor {
    let descriptor = FileDescriptor(
      owning: try checked("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) })
    let raw = descriptor.raw
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    try checked("connect") {
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    return descriptor
  }
}
