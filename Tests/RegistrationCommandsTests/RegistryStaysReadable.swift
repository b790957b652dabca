// Goal: a registry is never written larger than can be read: what does not fit is refused, and nothing changes.
import SystemCalls
import TestSupport
import Testing

@Suite struct RegistryStaysReadable {
  @Test func whatDoesNotFitIsRefused() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let text = try scheduler.folder.read("home/registry.json")
    // A name that leaves less room than a certificate's record needs below 64 MiB.
    let name = String(repeating: "x", count: (1 << 26) - text.utf8.count - 300)
    let connector = """
      { "agent_name": "\(name)", "host": "h", "port": 1, "platform": "Linux", "enabled": true,
        "added_at": "2026-01-01T00:00:00.000Z" }
      """
    let full = text.replacing("\"connectors\" : [\n\n  ]", with: "\"connectors\" : [\(connector)]")
    #expect(full.utf8.count > 1 << 25, "the form of the file has changed: \(text)")
    try scheduler.folder.write("home/registry.json", full, mode: 0o600)
    let before = try scheduler.image()
    let result = try await scheduler.register("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
    #expect(result.end == .exited(78), "\(result.outputText)")
    #expect(
      result.errorText.contains("registry.json: would have ") && result.errorText.contains("at most 67108864 are read"))
    #expect(try scheduler.image() == before)
    try await scheduler.succeed("LIST EXEC CONFIG")
    // A change that makes it smaller is accepted.
    try scheduler.folder.write("home/registry.json", text, mode: 0o600)
    try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
  }
}
