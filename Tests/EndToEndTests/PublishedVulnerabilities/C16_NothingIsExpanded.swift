// The vulnerabilities: CVE-2024-23897 of Jenkins, where an argument that began with @ was replaced by the contents of a file, and
// CVE-2021-21686, where symbolic links led to files that a job must not read.
// The promise: arguments arrive as sent, and whatever a job puts in place of its output leads nowhere.
import TestSupport
import Testing

@Suite struct C16_NothingIsExpanded {
  @Test func inArguments() async throws {
    let agent = try await Installation.running()
    let arguments = [
      "@/etc/passwd", "@agentd.toml", "$(id)", "`id`", "${HOME}", "~root", "*", "\\n", "%s", "-", "'\"", "\u{202e}x",
    ]
    let job = try await agent.finish("a", ["/usr/bin/printf", "%s\\n"] + arguments)
    #expect(job.status.state == .succeeded)
    #expect(job.output == arguments.map { "\($0)\n" }.joined())
    #expect(job.status.command == ["/usr/bin/printf", "%s\\n"] + arguments)
  }

  @Test func inPlaceOfTheOutput() async throws {
    let agent = try await Installation.running()
    // Whatever the job can do to its own descriptor and folder, the output is what it wrote.
    let script = """
      f=$(readlink /proc/$$/fd/1); rm -f "$f"; ln -sf \(agent.folder.path("store")) "$f"; cd "${f%/*}" && ln -sf x output
      echo done
      """
    let job = try await agent.finish("a", ["/bin/sh", "-c", script], fields: #""directory": "/""#)
    if isRoot { #expect(job.output.hasSuffix("done\n") && !job.output.contains("PRIVATE KEY"), "\(job.output)") }
    let link = try await agent.request("GET", "jobs/a/output", curl: ["--path-as-is"])
    #expect([200, 500].contains(link.status) && !link.text.contains("PRIVATE KEY"))
    #expect(try await agent.finish("b", ["/bin/echo", "b"]).output == "b\n")
  }
}
