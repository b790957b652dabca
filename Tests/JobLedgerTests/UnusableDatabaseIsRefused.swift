import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import JobLedger

/// Goal: a file that is not a valid ledger of this version is refused with a remedy, and stays as it is.
struct UnusableDatabaseIsRefused {
  @Test func garbage() throws {
    let home = try TemporaryFolder()
    let path = try home.write("ledger.sqlite", String(repeating: "no database ", count: 1000))
    let error = try #require(throws: LedgerError.self) { try JobLedger(path: path) }
    #expect(error.kind == .damaged)
    #expect(
      error.description.hasPrefix(
        "ledger \(path): file is not a database; move it away to start with an empty one: that ends the jobs that still run"
      ))
    #expect(error.description.contains("sets the outputs of all jobs aside in \(home.path)"))
    #expect(try home.read("ledger.sqlite").hasPrefix("no database no database"))
  }

  @Test func aDatabaseOfAnotherProgram() throws {
    let home = try TemporaryFolder()
    let path = home.path("other.sqlite")
    try Database(path).execute("CREATE TABLE mine (x)")
    let error = try #require(throws: LedgerError.self) { try JobLedger(path: path) }
    #expect(error.kind == .damaged)
    #expect(error.description.contains("it belongs to another program"))
  }

  @Test func aNewerSchema() throws {
    let bench = try LedgerBench()
    try bench.ledger.database.execute("PRAGMA user_version = 99")
    bench.ledger = nil
    let error = try #require(throws: LedgerError.self) { try JobLedger(path: bench.path) }
    #expect(error.kind == .newer)
    #expect(error.description.contains("written by a newer agentd (schema 99, this one knows \(Schema.steps.count))"))
  }

  @Test func aDatabaseInUse() throws {
    let bench = try LedgerBench()
    let error = try #require(throws: LedgerError.self) { try JobLedger(path: bench.path) }
    #expect(error.kind == .inUse)
    try bench.insert("job")
    try bench.ledger.commit()
  }

  @Test func aRowThatCannotBeRead() throws {
    let bench = try LedgerBench()
    try bench.insert("job")
    try bench.ledger.database.execute("UPDATE job SET state = 'dancing'")
    let error = try #require(throws: LedgerError.self) { try bench.ledger.status(of: JobID("job")!) }
    #expect(error.kind == .damaged)
  }

  @Test func aMissingFolder() throws {
    let error = try #require(throws: LedgerError.self) { try JobLedger(path: "/nonexistent/ledger.sqlite") }
    #expect(error.kind == .failed)
    #expect(error.description.contains("/nonexistent/ledger.sqlite: No such file or directory"))
  }

  @Test func anEmptyFileIsANewLedger() throws {
    let home = try TemporaryFolder()
    let path = try home.write("ledger.sqlite", "")
    #expect(try JobLedger(path: path).unfinished().isEmpty)
  }

  /// Regardless of the umask: requests contain environments, which may contain secrets.
  @Test func onlyItsOwnerMayRead() throws {
    let bench = try LedgerBench()
    try bench.insert("job")
    try bench.ledger.commit()
    for name in try Folder.names(in: bench.home.path) {
      var status = stat()
      #expect(stat(bench.home.path(name), &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600, "\(name)")
    }
    #expect(try Folder.names(in: bench.home.path) == ["ledger.sqlite", "ledger.sqlite-wal"])
  }
}
