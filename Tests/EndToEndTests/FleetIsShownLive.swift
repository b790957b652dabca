// Goal: `agentctl top` shows the fleet in a terminal of 80 columns, by keys alone: agents, an agent's jobs, a job's output; and it leaves the
// terminal as it was.
import Glibc
import TestSupport
import Testing

@Suite struct FleetIsShownLive {
  /// The rows of a terminal, as far as `agentctl top` uses one: it places the cursor, and erases to the end of the line.
  private struct Rows {
    private(set) var rows = [String](repeating: "", count: 24)

    init(_ text: String) {
      for part in text.split(separator: "\u{1B}[", omittingEmptySubsequences: true) {
        if let place = part.firstMatch(of: #/^(\d+);1H/#), let row = Int(place.1), (1...24).contains(row) {
          current = row - 1
        } else if part.hasPrefix("K") {
          rows[current] = String(part.dropFirst())
        } else if part.hasPrefix("2J") {
          rows = [String](repeating: "", count: 24)
        } else if let style = part.firstMatch(of: #/^[\d;]*m/#) {
          rows[current] += part[style.range.upperBound...]
        }
      }
    }

    private var current = 0
  }

  private func open(_ fleet: Fleet) throws -> Terminal {
    let program = try BuiltProduct.path("agentctl")
    return try Terminal(
      [
        "/bin/sh", "-c",
        "stty cols 80 rows 24 -opost; before=$(stty -g); '\(program)' top; "
          + "test \"$before\" = \"$(stty -g)\" && echo as before",
      ],
      environment: fleet.environment.merging(["TERM": "xterm"]) { $1 }, directory: fleet.folder.path)
  }

  @Test func agentsJobsAndOutput() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("web1")
    try await agent.start()
    try await fleet.add("web1", agent)
    try await fleet.register("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=web2 /ADDRESS=127.0.0.1:1 /PLATFORM=Linux")
    let script = "seq 100; while sleep 1; do date; done"
    _ = try await fleet.agentctl("submit", "web1", "--id", "chatty", "--", "/bin/sh", "-c", script)

    let top = try open(fleet)
    try await wait(for: "both agents") {
      let rows = Rows(top.unseen()).rows
      return rows[0].hasPrefix("2 agents: 1 Online, 1 Offline; 1 running, 0 queued")
        && rows[2].hasPrefix("web1   Online   1     0") && rows[3].hasPrefix("web2   Offline")
        && rows[3].hasSuffix("127.0.0.1:1: Connection refused")
    }
    let rows = Rows(top.unseen()).rows
    #expect(rows.allSatisfy { $0.count <= 80 }, "\(rows)")
    #expect(rows[23].hasPrefix("arrows move  Enter jobs  d disable  e enable  q quit"))

    // Disable needs an answer, and another than y changes nothing.
    try top.type("jd")
    try await top.expect("disable web2? Its jobs keep running. y/n")
    try top.type("n")
    try top.type("d")
    try await top.expect("disable web2?")
    try top.type("y")
    try await top.expect("web2 is disabled")
    #expect(try await fleet.agentctl("agents", "web2").outputText.contains("Disabled"))
    try top.type("e")
    try await top.expect("web2 is enabled")

    try top.type("k\r")
    try await top.expect("web1: Online, 1 running")
    try await top.expect("chatty")
    try top.type("\r")
    try await top.expect("web1 chatty: running")
    try await top.expect("100")
    try top.type("c")
    try await top.expect("cancel chatty? y/n")
    try top.type("y")
    try await top.expect("chatty is being cancelled")
    try await top.expect("web1 chatty: cancelled by ")
    try top.type("qqq")
    try await top.expect("\u{1B}[?1049l")
    try await top.expect("as before")
  }

  @Test func ctrlCAndASignalEndIt() async throws {
    let fleet = try await Fleet()
    try await fleet.register("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=web2 /ADDRESS=127.0.0.1:1 /PLATFORM=Linux")
    let top = try open(fleet)
    try await top.expect("Connection refused")
    try top.type("\u{3}")
    try await top.expect("as before")
    let piped = try await fleet.agentctl("top")
    #expect(piped.errorText.contains("top needs a terminal; agentctl agents prints the states once"))
    #expect(piped.end == .exited(EX_USAGE))
  }
}
