// Goal: admitted clients are on disk soon afterwards, with few writes, and a broken record costs only a warning.
import AgentProtocol
import ClientSightings
import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

struct ClientsAreRecorded {
  private let folder: TemporaryFolder
  private let reactor: Reactor
  private let lines = LogLines()
  private var path: String { folder.path("clients") }

  init() throws {
    (folder, reactor) = (try TemporaryFolder(), try Reactor())
  }

  private func client(_ number: Int, root: Int = 0) -> AdmittedClient {
    func thumbprint(_ number: Int) -> Thumbprint {
      Thumbprint(String(String(10_000 + number).reversed()) + String(repeating: "0", count: 59))!
    }
    return AdmittedClient(thumbprint: thumbprint(number), root: thumbprint(root), certificates: ["MAoA"])!
  }

  private func recorded() -> RecordedClients { RecordedClients(path: path, on: reactor, log: lines.log) }

  private var inode: ino_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_ino : nil
  }

  @Test func manyClientsAreOneWrite() throws {
    let clients = recorded()
    for number in 1...100 { clients.note(client(number)) }
    #expect(inode == nil)
    try reactor.turns(until: "the record is written") { inode != nil }
    let written = try SightingsFile(path: path).load()
    #expect(written == clients.sightings)
    #expect(written.count == 100)
    #expect(recorded().sightings == written)
  }

  @Test func theEndWritesWhatIsLeftAndOnlyThat() throws {
    let clients = recorded()
    clients.note(client(1))
    clients.save()
    let first = inode
    #expect(first != nil)
    clients.save()
    #expect(inode == first)
  }

  @Test func aBrokenRecordIsReplacedWithAWarning() throws {
    try folder.write("clients", "agentd clients 1\nnonsense\nend 1\n")
    let clients = recorded()
    #expect(lines.all.count == 1)
    #expect(lines.all[0].hasPrefix("warning the record of clients cannot be used; starting a new one"))
    #expect(lines.all[0].contains("line 2: is not a client"))
    clients.note(client(1))
    try reactor.turns(until: "a new record") { (try? SightingsFile(path: path).load().count) == 1 }
  }

  @Test func aFullDiskIsOneWarning() throws {
    let clients = RecordedClients(path: folder.path("missing/clients"), on: reactor, log: lines.log)
    clients.note(client(1))
    for _ in 1...3 { clients.save() }
    #expect(lines.all.count == 1)
    #expect(lines.all[0].hasPrefix("warning the record of clients cannot be written; trying again"))
    try Folder.make(folder.path("missing"), mode: 0o700)
    clients.save()
    #expect(try SightingsFile(path: folder.path("missing/clients")).load().count == 1)
  }

  @Test func aRemovedRootIsToldWithItsClients() {
    let clients = recorded()
    for number in 1...2 { clients.note(client(number, root: 7)) }
    clients.note(client(3, root: 8))
    clients.warn(ofRemoved: [client(0, root: 7).root, client(0, root: 9).root])
    #expect(lines.all.count == 1)
    #expect(lines.all[0].contains("a root used by 2 clients in the last 30 days is no longer trusted"))
    #expect(lines.all[0].contains("root=\(client(0, root: 7).root)"))
  }

  @Test func theSupervisorHearsOfThemFromItsListener() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    try stage.fakes[0].send(.admitted(client(1)))
    try stage.reactor.turns(until: "it is heard") { !stage.asked.isEmpty }
    guard case .admitted(let heard)? = stage.asked.first else { throw SystemError("admitted", code: ENOMSG) }
    #expect(heard == client(1))
  }
}
