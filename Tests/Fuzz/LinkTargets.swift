import AgentProtocol
import CLinux
import FoundationEssentials
import Glibc
import SystemCalls
import TestSupport
import Values

@testable import SupervisorLink

/// Frames between supervisor and listener: over a real socket with real descriptors, and over a real pipe, which carries none. An input is
/// a sequence of deliveries: the number of descriptors, the number of bytes (two bytes), the bytes.
let linkTargets = [
  FuzzTarget("link-to-supervisor", atMost: 65536, words: linkWords, seeds: { try listenerMessages.map(whole) }) {
    input in
    try deliver(input, overPipe: true) { (message: ListenerMessage) in
      switch message {
      case .request(_, _, .submitJob(_, let request)): checkLimits(request)
      case .admitted(let client):
        promise(client.certificates.count <= AdmittedClient.maximumCertificates, "a client has few certificates")
        promise(Thumbprint(canonical: "\(client.root)") == client.root, "it is known by its thumbprint")
      default: break
      }
    }
  },
  FuzzTarget("link-to-listener", atMost: 65536, words: linkWords, seeds: { try supervisorMessages.map(whole) }) {
    input in
    try deliver(input, overPipe: false) { (_: SupervisorMessage) in }
  },
]

/// Sends the deliveries in `input`, and checks each message that is read.
private func deliver<Message: Codable>(
  _ input: [UInt8], overPipe: Bool, _ check: (Message) throws -> Void
) throws {
  let (near, far) = try overPipe ? FileDescriptor.pipe() : FileDescriptor.socketPair()
  try near.setNonBlocking(true)
  try far.setNonBlocking(true)
  var reader = overPipe ? LinkReader<Message>(pipe: near) : LinkReader<Message>(near)
  var deliveries = InputReader(input)
  while !deliveries.isAtEnd {
    let (descriptors, length) = (deliveries.byte() % 70, deliveries.word())
    let bytes = deliveries.bytes(length)
    if bytes.isEmpty { continue }
    let numbers = [Int32](repeating: 0, count: min(descriptors, 64))
    let sent =
      overPipe
      ? write(far.raw, bytes, bytes.count)
      : clinux_send_with_descriptors(far.raw, bytes, bytes.count, numbers, numbers.count)
    promise(sent == bytes.count, "the link takes a delivery")
    while case .received = try reader.receive() {
      while let (message, brought) = try reader.next() {
        promise(brought.count <= Frame.maximumDescriptors, "a frame brings a bounded number of descriptors")
        try checkRoundTrip(message)
        try check(message)
      }
    }
  }
}

/// Checks that encoding and decoding a message again gives the same message.
private func checkRoundTrip(_ message: some Codable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  let text = try encoder.encode(message)
  let again = try JSONDecoder().decode(type(of: message), from: text)
  promise(
    try encoder.encode(again) == text, "a message is read as it was written: \(String(decoding: text, as: UTF8.self))")
}

func checkLimits(_ request: JobRequest) {
  typealias Limits = JobRequest.Limits
  let strings =
    request.command + request.environment.map { "\($0.key)=\($0.value)" }
    + [request.user, request.group, request.directory].compactMap(\.self)
  promise(!strings.contains { $0.utf8.contains(0) }, "no string of a job is cut at a NUL")
  promise(
    !request.command.isEmpty && request.command.count <= Limits.arguments, "a command has a bounded number of words")
  promise(request.command.reduce(0) { $0 + $1.utf8.count } <= Limits.commandBytes, "and bytes")
  promise(request.timeout.map { $0 > 0 && $0 <= Limits.timeout } ?? true, "a timeout is bounded")
  promise((0...Limits.killGrace).contains(request.killGrace), "and the grace after it")
  promise(request.directory?.hasPrefix("/") ?? true, "a directory is absolute")
  promise(request.labels.count <= Limits.labels, "labels are few")
  promise((request.outputLimit ?? 0) >= 0, "output is bounded")
  promise(!request.environment.keys.contains { $0.isEmpty || $0.contains("=") }, "a variable has one name")
}

/// Returns a message as one delivery.
private func whole(_ message: any Codable) throws -> [UInt8] {
  let frame = try Frame.encode(message, descriptors: 0)
  return [0, UInt8(frame.count >> 8), UInt8(frame.count & 0xFF)] + frame
}

private let digits = Thumbprint(repeating: "ab")
private let identity = ClientIdentity(subject: "CN=scheduler", thumbprint: digits)
private let client = VerifiedClient(identity, names: [.dns("a.example"), .email("a@example.org")])

private var listenerMessages: [ListenerMessage] {
  let id = JobID("j1")!
  var job = JobRequest(command: ["/bin/echo", "x"])
  job.environment = ["A": "b"]
  job.timeout = 60
  job.labels = ["chain": "night"]
  let commands: [JobCommand] = [
    .submitJob(id, job), .showJob(id, wait: 30.5), .listJobs(JobFilter()),
    .openOutput(id, stream: .stderr, follow: true),
    .cancelJob(id), .deleteJob(id),
  ]
  return commands.enumerated().map { .request(UInt64($0.offset), client, $0.element) } + [
    .unusable("why"), .abandon(7), .alive, .judged([digits: "revoked"]),
    .admitted(AdmittedClient(thumbprint: digits, root: digits, certificates: ["MAA="])!),
    .ready(
      ListenerReport(
        subject: "CN=a", thumbprint: digits, notAfter: Timestamp(milliseconds: 1_800_000_000_000), roots: ["CN=r"])),
  ]
}

private var supervisorMessages: [SupervisorMessage] {
  let capacity = Capacity(maxRunning: 4, maxQueued: 9, running: 1, queued: 2)
  let trust = ClientTrust(certificates: ["pem"], roots: ["pem"], revocationLists: [])
  let material = ListenerMaterial(
    agentName: "a", version: "1", certificate: digits, trust: trust, addresses: ["0.0.0.0:5773"], capacity: capacity,
    checkOnly: false)
  let status = JobStatus(
    accepted: JobID("j1")!, command: ["/bin/true"], user: "nobody", client: identity,
    at: Timestamp(milliseconds: 1_700_000_000_000), labels: [:])
  return [
    .configure(material), .capacity(capacity), .probe, .drain(nil), .drain(trust),
    .answer(1, .job(status, created: true)),
    .answer(2, .jobs(JobPage(jobs: [status], cursor: "x"))), .answer(3, .output(status, watch: 1)),
    .answer(4, .deleted),
    .answer(5, .problem(Problem(.full, "because"))),
  ]
}

private let linkWords = [
  "request", "submitJob", "showJob", "listJobs", "openOutput", "cancelJob", "deleteJob", "abandon", "unusable", "ready",
  "configure",
  "answer", "capacity", "drain", "probe", "alive", "\"_0\":", "\"_1\":", "\"_2\":", "\"wait\":", "null", "1e308", "-1",
  "1e999",
  "18446744073709551615",
  "\\u0000", "\\ud800", "[[[[", "{\"a\":", "\"limit\":",
]
