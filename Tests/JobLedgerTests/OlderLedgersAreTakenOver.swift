import AgentProtocol
import TestSupport
import Testing
import Values

@testable import JobLedger

/// Goal: a ledger written by any earlier agentd opens with all its contents, and then has the new features.
struct OlderLedgersAreTakenOver {
  @Test(arguments: 1...Schema.steps.count) func ofSchema(_ version: Int) throws {
    let bench = try LedgerBench()
    bench.ledger = nil
    let path = bench.home.path("old.sqlite")
    do {
      let old = try Database(path)
      for step in Schema.steps[..<version] { try old.execute(step) }
      try old.execute(
        """
        PRAGMA application_id = \(Schema.applicationID);
        PRAGMA user_version = \(version);
        INSERT INTO job (id, state, user, client_subject, client_thumbprint, command, labels, submitted_at, finished_at,
          exit_code, output_bytes)
        VALUES
          ('old', 'failed', 'batch', 'CN=c1', '\(Thumbprint(repeating: "c1"))', '["/bin/false"]', '{"chain":"nightly"}', 5, 7, 1, 300),
          ('waits', 'queued', 'batch', 'CN=c1', '\(Thumbprint(repeating: "c1"))', '["/bin/true"]', NULL, 6, NULL, NULL, NULL);
        INSERT INTO request (sequence, body) SELECT sequence, CAST('{"command":["/bin/false"]}' AS BLOB) FROM job;
        """)
    }
    let ledger = try JobLedger(path: path)
    #expect(try ledger.page(JobFilter()).page.ids == ["waits", "old"])
    #expect(try ledger.unfinished().map(\.id.description) == ["waits"])
    #expect(try ledger.request(of: JobID("old")!)?.command == ["/bin/false"])
    let client = try #require(try ledger.client(of: JobID("waits")!))
    #expect(client.client.subject == "CN=c1" && client.client.names == [] && !client.namesAreRecorded)
    if version < 3 {
      var filter = JobFilter()
      filter.label = JobLabel(name: "chain", value: "nightly")
      #expect(try ledger.page(filter).page.ids == ["old"])
    }
    try ledger.insert(.sample("new"), request: JobRequest(command: ["/bin/true"]))
    try ledger.delete(JobID("old")!)
    try ledger.commit()
    #expect(try ledger.page(JobFilter()).page.ids == ["new", "waits"])
  }
}
