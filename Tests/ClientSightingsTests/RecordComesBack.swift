// Goal: what was written is read back; an incomplete record is refused as a whole.
import ClientSightings
import Glibc
import SystemCalls
import TestSupport
import Testing

struct RecordComesBack {
  private let folder: TemporaryFolder
  private let file: SightingsFile

  init() throws {
    folder = try TemporaryFolder()
    file = SightingsFile(path: folder.path("clients"))
  }

  @Test func everyClientWithItsTime() throws {
    var sightings = ClientSightings()
    sightings.note(client(1, root: 7), at: 1_764_000_000)
    sightings.note(client(2, certificates: ["MAoA", "MAoAMAo=", "+/+/"]), at: 0)
    try file.save(sightings)
    #expect(try file.load() == sightings)
    #expect(
      try folder.read("clients") == """
        agentd clients 1
        1764000000 \(thumbprint(1)) \(thumbprint(7)) MAoA
        0 \(thumbprint(2)) \(thumbprint(0)) MAoA,MAoAMAo=,+/+/
        end 2

        """)
    var status = stat()
    #expect(stat(folder.path("clients"), &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func noFileIsNoClient() throws {
    #expect(try file.load() == ClientSightings())
    try file.save(ClientSightings())
    #expect(try file.load() == ClientSightings())
  }

  @Test func aFailedWriteLeavesTheOldRecord() throws {
    var sightings = ClientSightings()
    sightings.note(client(1), at: 1)
    try file.save(sightings)
    let missing = SightingsFile(path: folder.path("missing/clients"))
    #expect(throws: SystemError.self) { try missing.save(sightings) }
    #expect(try file.load() == sightings)
    #expect(try Folder.names(in: folder.path) == ["clients"])
  }

  private static let line = "1764000000 \(thumbprint(1)) \(thumbprint(2)) MAoA"

  @Test(
    arguments: [
      ("", "line 1: is not \"agentd clients 1\""),
      ("agentd clients 2\nend 0\n", "line 1: is not \"agentd clients 1\""),
      ("agentd clients 1\n", "line 2: is truncated"),
      ("agentd clients 1\nend 0", "line 2: is truncated"),
      ("agentd clients 1\n\(line)\n", "line 2: is not \"end 0\""),
      ("agentd clients 1\n\(line)\nend 2\n", "line 3: is not \"end 1\""),
      ("agentd clients 1\n\(line)\n\(line)\nend 2\n", "line 3: repeats a client"),
      ("agentd clients 1\n\(line)\n\nend 2\n", "line 3: is not a client"),
      ("agentd clients 1\n\(line) \nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n\(line),\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n\(line)\u{0}\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n-\(line)\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n+\(line)\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n0\(line)\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n99999999\(line)\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n\(line.replacing("MAoA", with: "M=oA"))\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n\(line.replacing("MAoA", with: "===="))\nend 1\n", "line 2: is not a client"),
      ("agentd clients 1\n\(line.replacing("0001", with: "000A"))\nend 1\n", "line 2: is not a client"),
    ] as [(String, String)])
  func whatIsNotAWholeRecordIsRefused(text: String, fault: String) throws {
    try folder.write("clients", text)
    let error = #expect(throws: SightingsFile.Broken.self) { try file.load() }
    #expect(error?.description == "\(folder.path("clients")): \(fault)")
  }

  @Test func bytesThatAreNoTextAreRefused() throws {
    try folder.write("clients", Array("agentd clients 1\n".utf8) + [0xff, 0xfe] + Array("\nend 1\n".utf8))
    #expect(throws: SightingsFile.Broken.self) { try file.load() }
  }

  @Test func aFileOfMoreThan16MiBIsRefused() throws {
    try folder.write("clients", "")
    try #require(truncate(folder.path("clients"), 1 << 24 + 1) == 0)
    let error = #expect(throws: SightingsFile.Broken.self) { try file.load() }
    #expect(error?.description.hasSuffix("larger than 16777216 bytes") == true)
  }
}
