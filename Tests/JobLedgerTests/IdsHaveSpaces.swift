import AgentProtocol
import Testing

@testable import JobLedger

/// Goal: an id in a separate space is a different key from the same id elsewhere, and is read back unchanged; so are the client's names.
struct IdsHaveSpaces {
  @Test func asKeys() throws {
    let id = JobID("nightly")!
    let own = id.ownSpace(of: "CN=a")
    #expect(own != id && own != id.ownSpace(of: "CN=b") && own.description == "nightly" && own.shared == id)
    for known in [id, own] { #expect(JobID(key: known.key) == known) }
    for text in ["~a", "a~b", own.key + "~x", own.key.uppercased(), "../\(own.key)", ".a"] {
      #expect(JobID(key: text) == nil)
    }
    #expect(JobID(own.key) == nil, "no client can name it")
  }

  @Test func asRecords() throws {
    let bench = try LedgerBench()
    let id = JobID("nightly")!
    let ids = [id, id.ownSpace(of: "CN=a"), id.ownSpace(of: "CN=b")]
    for (index, id) in ids.enumerated() {
      var status = JobStatus.sample("nightly")
      status.id = id
      let names: [ClientName]? = index == 2 ? nil : [.dns("a.example")]
      try bench.ledger.insert(status, request: JobRequest(command: ["/bin/echo", "\(index)"]), names: names)
    }
    try bench.ledger.commit()
    for (index, id) in ids.enumerated() {
      #expect(try bench.ledger.status(of: id)?.id == id)
      #expect(try bench.ledger.request(of: id)?.command.last == "\(index)")
      let client = try bench.ledger.client(of: id)
      #expect(client?.namesAreRecorded == true && client?.client.names == (index == 2 ? nil : [.dns("a.example")]))
    }
    #expect(try bench.ledger.newestOwn(id) == ids[2])
    #expect(try bench.ledger.delete(ids[2]) && bench.ledger.newestOwn(id) == ids[1])
    #expect(try bench.ledger.newestOwn(JobID("other")!) == nil)
  }
}
