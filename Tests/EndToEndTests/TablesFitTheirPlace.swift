// Goal: each table as a person sees it, at 80 and at 200 columns, and as a program reads it from a pipe: aligned, cut to the terminal where
// that hides no reason, and never coloured or cut in a pipe.
import TestSupport
import Testing

@Suite struct TablesFitTheirPlace {
  private func fleet() async throws -> Fleet {
    let (fleet, _) = try await Fleet.running("web1")
    for name in ["web2", "web3"] {
      try await fleet.register(
        "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=\(name) /ADDRESS=127.0.0.1:1 /PLATFORM=Linux")
    }
    _ = try await fleet.agentctl("disable", "web3")
    let words = String(repeating: "word ", count: 40)
    _ = try await fleet.agentctl("run", "web1", "--id", "ends", "--label", "a=b", "--", "/bin/echo", words)
    _ = try await fleet.agentctl("run", "web1", "--id", "fails", "--", "/bin/false")
    return fleet
  }

  /// Returns what a command prints, with what differs from run to run replaced: ports, times, the job's user.
  private func printed(_ fleet: Fleet, _ words: [String], columns: Int?) async throws -> [String] {
    let command = try ([BuiltProduct.path("agentctl")] + words).map { "'\($0)'" }.joined(separator: " ")
    let text: String
    if let columns {
      let terminal = try Terminal(
        ["/bin/sh", "-c", "stty cols \(columns) -opost; \(command) 2>/dev/null; echo end"],
        environment: fleet.environment.merging(["TERM": "xterm", "NO_COLOR": "1"]) { $1 }, directory: fleet.folder.path)
      text = String(try await terminal.expect("end\n").dropLast(4))
    } else {
      text = try await TestProcess(
        ["/bin/sh", "-c", "\(command) 2>/dev/null"], environment: fleet.environment.merging(["TERM": "xterm"]) { $1 },
        directory: fleet.folder.path
      ).end().outputText
    }
    #expect(!text.contains("\u{1B}"))
    if let columns, words[0] == "jobs" {
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= columns }, "\(text)")
    }
    let user = isRoot ? "nobody" : nil
    return text.split(separator: "\n").map { line in
      var line = String(line).replacing(#/127\.0\.0\.1:\d{2,5}/#, with: "127.0.0.1:PORT")
      line = line.replacing(#/  \d+s  /#, with: "  0s  ").replacing(#/  \d+s  /#, with: "  0s  ")
      if let user { line = line.replacing("  \(user)  ", with: "  USER  ") }
      return line.replacing(#/ +/#, with: " ")
    }
  }

  @Test(arguments: [80, 200, nil]) func agents(_ columns: Int?) async throws {
    let fleet = try await fleet()
    // The reason is what the list is for: it is never cut.
    #expect(
      try await printed(fleet, ["agents"], columns: columns) == [
        "AGENT STATE JOBS VERSION ADDRESS", "web1 Online 0 running, 0 queued 0.1.0 127.0.0.1:PORT",
        "web2 Offline - - 127.0.0.1:1 127.0.0.1:1: Connection refused", "web3 Disabled - - 127.0.0.1:1",
      ])
  }

  @Test(.enabled(if: isRoot), arguments: [80, 200, nil]) func jobs(_ columns: Int?) async throws {
    let fleet = try await fleet()
    let one = try await printed(fleet, ["jobs", "web1"], columns: columns)
    let many = try await printed(fleet, ["jobs", "-a", "web1"], columns: columns)
    #expect(one[0] == "ID STATE AGE TIME USER COMMAND" && many[0] == "AGENT ID STATE AGE TIME USER COMMAND")
    #expect(
      one[1] == "fails failed(1) 0s 0s USER /bin/false" && many[1] == "web1 fails failed(1) 0s 0s USER /bin/false")
    for (line, agent) in [(one[2], ""), (many[2], "web1 ")] {
      let beginning = "\(agent)ends succeeded 0s 0s USER /bin/echo 'word word"
      #expect(line.hasPrefix(beginning), "\(line)")
      #expect(columns == nil ? line.hasSuffix(" word '") : line.hasSuffix("…"))
    }
  }

  @Test(.enabled(if: isRoot), arguments: [80, 200, nil]) func oneJob(_ columns: Int?) async throws {
    let fleet = try await fleet()
    let facts = try await printed(fleet, ["show", "web1", "fails"], columns: columns)
    #expect(
      facts.map { String($0.prefix { $0 != " " }) } == [
        "id", "state", "command", "user", "client", "submitted", "started", "ended", "run", "CPU", "peak", "output",
        "stderr",
      ])
    #expect(facts[1] == "state failed(1)" && facts[2] == "command /bin/false" && facts[3] == "user nobody")
  }
}
