// Goal: the walk of the article (Agents, an agent, State: Online; Unauthenticated: disable and enable) in a real browser, and what a page of
// this kind owes its readers: output is text, keys suffice, it fits a narrow window, it asks no other host.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: Browser.isInstalled, "there is no chromium: scripts/bootstrap installs it"), .serialized)
struct ConsoleInABrowser {
  private func browser(_ fleet: Fleet) async throws -> (Browser, ConsoleOfAFleet) {
    let (console, browser) = (try await ConsoleOfAFleet(fleet), try await Browser())
    try await browser.open(console.links[0])
    try await browser.shows("Reason and warnings")
    return (browser, console)
  }

  private static let state = "document.querySelector('section[aria-label=State] .badge')?.textContent"

  @Test func theArticlesWalk() async throws {
    let (fleet, agents) = try await Fleet.running("agent01")
    let (browser, console) = try await browser(fleet)
    try await browser.click("Agents")
    try await browser.click("agent01")
    try await browser.expect("\(Self.state) === 'Online'")

    // The agent's administrator removes the scheduler's root, and imports it again.
    let agent = agents[0]
    try await fleet.register("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    let own = Set(try Folder.names(in: agent.folder.path("store/current/roots")))
    let root = try #require(own.intersection(try Folder.names(in: fleet.folder.path("home/store/current/roots"))).first)
    try await agent.configure("-I", try SchedulerCertificates.make().rootPath)
    try await agent.configure("-x", String(root.prefix { $0 != "." }), "--force")
    try await browser.expect("\(Self.state) === 'Unauthenticated'")
    try await browser.shows("the agent refuses this side")
    try await browser.click("Disable")
    try await browser.click("Disable", in: "dialog button")
    try await browser.expect("\(Self.state) === 'Disabled'")
    #expect(try await fleet.agentctl("agents").outputText.contains("Disabled"))
    try await agent.configure("-I", fleet.folder.path("root.pem"))
    try await browser.click("Enable")
    try await browser.expect("\(Self.state) === 'Online'")
    let hosts = "performance.getEntriesByType('resource').every((entry) => entry.name.startsWith('\(console.base)/'))"
    #expect(try await browser.value(hosts) == "true")
  }

  @Test func whatJobsWriteIsText() async throws {
    let (fleet, _) = try await Fleet.running("agent01")
    let (browser, console) = try await browser(fleet)
    defer { withExtendedLifetime(console) {} }
    let hostile = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>"
    _ = try await fleet.agentctl(
      "submit", "agent01", "--id", "talk", "--label", "a=\(hostile)", "--", "/bin/sh", "-c",
      "echo '\(hostile)'; while echo more; do sleep 0.1; done")
    try await browser.click("agent01")
    try await browser.click("talk")
    try await browser.shows(hostile)
    try await browser.expect("document.querySelector('pre').textContent.match(/more/g)?.length > 10")
    #expect(try await browser.value("document.querySelectorAll('main img, main script').length") == "0")
    #expect(try await browser.value("window.hit") == "undefined")
    try await browser.click("Cancel")
    try await browser.click("Cancel the job")
    try await browser.expect("document.querySelector('.badge.large').textContent === 'cancelled'")
    #expect(try await fleet.agentctl("show", "agent01", "talk").outputText.contains("cancelled"))
  }

  @Test func whatHappenedIsALinkToPassOn() async throws {
    let (fleet, _) = try await Fleet.running("db1", "web1")
    for name in ["db1", "web1"] {
      _ = try await fleet.agentctl("run", name, "--id", "ok-\(name)", "--label", "kind=good", "--", "/bin/true")
    }
    _ = try await fleet.agentctl("run", "db1", "--id", "broken", "--", "/bin/false")
    let (browser, console) = try await browser(fleet)
    try await browser.press("j")
    try await browser.shows("3 jobs on 2 agents, 1 did not succeed")
    try await browser.click("did not succeed")
    try await browser.shows("1 job on 1 agent, 1 did not succeed")
    let fragment = try await browser.value("location.hash")
    #expect(fragment.contains("state=bad") && fragment.contains("from="))
    // Another person's console shows the same.
    try await browser.open(try await console.anotherLink())
    try await browser.shows("Reason and warnings")
    try await browser.open("\(console.base)/\(fragment)")
    try await browser.shows("1 job on 1 agent, 1 did not succeed")
    try await browser.open("\(console.base)/#/jobs?label=kind%3Dgood&from=2026-01-01T00:00:00Z")
    try await browser.shows("2 jobs on 2 agents, 0 did not succeed")
    let middle = "const box = document.querySelector('.lane svg path.good').getBoundingClientRect();"
    let event = "new MouseEvent('click', { clientX: box.x + box.width / 2, clientY: box.y + 3, bubbles: true })"
    try await browser.value(
      "(() => { \(middle) return document.querySelector('.lane svg path.good').dispatchEvent(\(event)); })()")
    try await browser.expect("document.querySelector('h1').textContent === 'ok-db1'")
  }

  @Test func keysAndNarrowWindowsSuffice() async throws {
    let (fleet, _) = try await Fleet.running("db1", "web1")
    _ = try await fleet.agentctl(
      "run", "web1", "--id", "hello", "--", "/bin/echo", String(repeating: "long ", count: 60))
    let (browser, console) = try await browser(fleet)
    defer { withExtendedLifetime(console) {} }
    try await browser.press("/", "w", "e", "b")
    try await browser.expect("document.querySelectorAll('tbody tr').length === 1")
    try await browser.press("ArrowDown")
    #expect(try await browser.value("document.activeElement.textContent") == "web1")
    try await browser.press("Enter")
    try await browser.shows("hello")
    let unnamed =
      "[...document.querySelectorAll('button, input, select, svg[role=img]')].filter((node) => "
      + "!(node.textContent || node.getAttribute('aria-label') || node.closest('label'))).length"
    for place in ["#/agents", "#/agents/web1", "#/agents/web1/jobs/hello", "#/jobs"] {
      try await browser.value("location.hash = '\(place)'")
      try await browser.shows(place == "#/agents" ? "web1" : place == "#/jobs" ? "1 job on" : "hello")
      for (width, scheme, light) in [(640, "light", true), (1280, "dark", false)] {
        try await browser.size(width, 700)
        try await browser.scheme(scheme)
        #expect(try await browser.value("document.documentElement.scrollWidth") == "\(width)", "\(place)")
        let back = try await browser.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] > 128")
        #expect(back == "\(light)", "\(place)")
      }
      #expect(try await browser.value(unnamed) == "0", "\(place)")
      for landmark in ["header", "nav", "main", "footer", "h1"] {
        #expect(
          try await browser.value("document.querySelectorAll('\(landmark)').length") == "1", "\(place): \(landmark)")
      }
    }
    try await browser.value("location.hash = '#/agents/web1/jobs/hello'")
    try await browser.shows("Run time")
    try await browser.press("Escape")
    try await browser.shows("Last jobs")
  }
}
