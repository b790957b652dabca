// Goal: the console lets in whoever has a link that agentctl printed, once, and nobody else: no other site's page, no other name of this
// host, no user without the cookie. After each attempt the page still gets its answers.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct ConsoleIsForItsUser {
  @Test func aLinkWorksOnce() async throws {
    let console = try await ConsoleOfAFleet(try await Fleet())
    let cookie = try await console.enter()
    #expect(try await console.get("/", cookie: cookie).body.contains("<title>agentd console</title>"))
    let again = try await console.get(console.links[0])
    #expect(again.status == 403 && again.body.contains("press Enter where agentctl console runs"))
    let second = try await console.enter(try await console.anotherLink())
    #expect(second != cookie)
    for known in [cookie, second] { #expect(try await console.get("/api/console", cookie: known).status == 200) }
    #expect(try await console.get("/enter?link=\(String(repeating: "0", count: 48))").status == 403)
  }

  @Test func strangersAreRefused() async throws {
    let console = try await ConsoleOfAFleet(try await Fleet.running("agent01").fleet)
    let cookie = try await console.enter()
    let name = cookie.split(separator: "=")[0]
    let disable = "/api/agents/agent01/disable"
    let own = "Origin: \(console.base)"
    let refused: [(path: String, cookie: String?, headers: [String], status: Int)] = [
      ("/", nil, [], 401), ("/main.js", nil, [], 401), ("/api/agents", nil, [], 401),
      ("/api/agents", "\(name)=", [], 401), ("/api/agents", "\(name)=\(String(repeating: "0", count: 48))", [], 401),
      ("/api/agents", "\(cookie); \(cookie)", [], 401),
      ("/api/agents", "other=\(cookie.split(separator: "=")[1])", [], 401),
      ("/", cookie, ["Host: console.example"], 403), ("/", cookie, ["Host: 127.0.0.1.example:80"], 403),
      ("/", cookie, ["Host: localhost.example"], 403), ("/", cookie, ["Host: 127.0.0.1@console.example"], 403),
      (console.links[0], nil, ["Host: console.example"], 403),
      ("/api/agents", cookie, ["Origin: http://console.example"], 403), ("/api/agents", cookie, ["Origin: null"], 403),
      ("/api/agents", cookie, ["Origin: http://127.0.0.1:1"], 403), ("/api/agents", cookie, [own + "1"], 403),
      ("/api/agents", cookie, ["Sec-Fetch-Site: cross-site"], 403),
      ("/api/agents", cookie, ["Sec-Fetch-Site: same-site"], 403),
      ("POST \(disable)", nil, [own], 401), ("POST \(disable)", cookie, [], 403),
      ("POST \(disable)", cookie, ["Origin: http://console.example"], 403),
      ("POST \(disable)", cookie, ["Origin: null"], 403),
      ("POST \(disable)", cookie, [own, "Host: console.example"], 403), ("PUT \(disable)", cookie, [own], 405),
      (disable, cookie, [], 404), ("/../etc/passwd", cookie, [], 404), ("/%2e%2e%2fetc%2fpasswd", cookie, [], 404),
      ("/api/agents/agent01/jobs/..%2f..%2fagent", cookie, [], 400), ("/api/agents/%zz", cookie, [], 400),
      ("/api/agents?wait=26", cookie, [], 400), ("/api/agents?wait=1&wait=2", cookie, [], 400),
      ("/api/agents/nobody", cookie, [], 404), ("/api/agents/agent01/jobs/none", cookie, [], 404),
    ]
    for attempt in refused {
      let words = attempt.path.split(separator: " ").map(String.init)
      let method = words.count > 1 ? ["--request", words[0]] : []
      let answer = try await console.get(
        words.last!, cookie: attempt.cookie, curl: method + attempt.headers.flatMap { ["--header", $0] })
      #expect(answer.status == attempt.status, "\(attempt): \(answer)")
      #expect(!answer.body.contains("agent01\""), "\(attempt): \(answer)")
      let good = try await console.get("/api/agents", cookie: cookie, curl: ["--header", own])
      #expect(good.status == 200 && good.body.contains(#""name":"agent01""#), "after \(attempt): \(good)")
    }
    let large = try await console.get(
      disable, cookie: cookie, curl: ["--data", String(repeating: "x", count: 5000), "--header", own])
    #expect(large.status == 413)
    #expect(try await console.get("/", cookie: cookie).status == 200)
  }

  @Test func throughATunnelTheNameIsLocalhost() async throws {
    let console = try await ConsoleOfAFleet(try await Fleet.running("agent01").fleet)
    let cookie = try await console.enter()
    for host in ["localhost:8000", "LOCALHOST", "127.0.0.1", "[::1]:8000"] {
      let headers = ["--header", "Host: \(host)", "--header", "Origin: http://\(host)", "--request", "POST"]
      let answer = try await console.get("/api/agents/agent01/enable", cookie: cookie, curl: headers)
      #expect(answer.status == 200, "\(host): \(answer)")
    }
  }

  @Test func changesAreThoseOfAgentctl() async throws {
    let (fleet, _) = try await Fleet.running("agent01")
    let (console, viewer) = (try await ConsoleOfAFleet(fleet), try await ConsoleOfAFleet(fleet, isReadOnly: true))
    let (cookie, viewing) = (try await console.enter(), try await viewer.enter())
    _ = try await fleet.agentctl("submit", "agent01", "--id", "long", "--", "/bin/sleep", "600")
    for change in ["disable", "enable", "jobs/long/cancel"] {
      let refused = try await viewer.post("/api/agents/agent01/\(change)", cookie: viewing)
      #expect(refused.status == 403 && refused.body.contains("read-only"), "\(refused)")
    }
    #expect(try await viewer.get("/api/agents/agent01/jobs/long", cookie: viewing).body.contains(#""state":"running""#))
    #expect(try await console.post("/api/agents/agent01/disable", cookie: cookie).body.contains(#""state":"Disabled""#))
    #expect(try await fleet.agentctl("agents").outputText.contains("Disabled"))
    #expect(try await console.get("/api/agents/agent01/jobs/long", cookie: cookie).status == 409)
    #expect(try await console.post("/api/agents/agent01/enable", cookie: cookie).status == 200)
    #expect(try await fleet.agentctl("agents").outputText.contains("Online"))
    #expect(try await console.post("/api/agents/agent01/jobs/long/cancel", cookie: cookie).status == 200)
    #expect(try await fleet.agentctl("wait", "agent01", "long").end == .exited(128 + SIGTERM))
  }

  @Test func outputComesInParts() async throws {
    let (fleet, _) = try await Fleet.running("agent01")
    let console = try await ConsoleOfAFleet(fleet)
    let cookie = try await console.enter()
    let job = "/api/agents/agent01/jobs/talk"
    _ = try await fleet.agentctl(
      "run", "agent01", "--id", "talk", "--separate-stderr", "--label", "a=b", "--", "/bin/sh", "-c",
      "echo '<b>one</b>'; echo two >&2; exit 3")
    func output(_ query: String) async throws -> String {
      try await console.get("\(job)/output?\(query)", cookie: cookie).body
    }
    #expect(try await output("stream=stdout") == "<b>one</b>\n")
    #expect(try await output("stream=stderr") == "two\n")
    #expect(try await output("offset=3&limit=3") == "one")
    #expect(try await output("offset=3&follow=1") == "one</b>\n")
    let all = try await console.get("/api/jobs?from=2026-01-01T00:00:00Z", cookie: cookie).body
    for part in [#""agent":"agent01""#, #""id":"talk""#, #""outcome":"3""#, #""labels":{"a":"b"}"#] {
      #expect(all.contains(part), "\(all)")
    }
    #expect(try await console.get("/api/jobs?from=2999-01-01T00:00:00Z", cookie: cookie).body.contains(#""jobs":[]"#))
    #expect(try await console.get("/api/agents/agent01/metrics", cookie: cookie).body.contains("agentd_jobs"))
    #expect(try await console.get("/api/agents/agent01", cookie: cookie).body.contains(#""load":["#))
  }

  @Test func everyAnswerKeepsThePageToItself() async throws {
    let console = try await ConsoleOfAFleet(try await Fleet())
    let cookie = try await console.enter()
    for path in ["/", "/main.js", "/style.css", "/api/agents", "/none"] {
      let answer = try await console.get(path, cookie: cookie, curl: ["--include"]).body.lowercased()
      for field in [
        "content-security-policy: default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options: nosniff", "referrer-policy: no-referrer", "cache-control: no-store",
      ] { #expect(answer.contains("\(field)\r\n"), "\(path): \(answer)") }
      #expect(!answer.contains("-----begin "), "\(path)")
    }
    let folder = "\(BuiltProduct.packageFolder)/Sources/Scheduler/ConsolePage/Page"
    for name in try Folder.names(in: folder) {
      let text = String(decoding: try DurableFile.read("\(folder)/\(name)", limit: 1 << 20), as: UTF8.self)
      let strange = text.matches(of: #/innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|https?:\/\/[^"]*/#)
        .map { String($0.output) }
      #expect(strange.allSatisfy { $0 == "http://www.w3.org/2000/svg" }, "\(name): \(strange)")
      let path = name == "index.html" ? "/" : "/\(name)"
      #expect(try await console.get(path, cookie: cookie).body == text, "\(name) is not served as it is")
    }
  }

  @Test func aSocketIsForItsUser() async throws {
    let fleet = try await Fleet.running("agent01").fleet
    let path = fleet.folder.path("console.sock")
    let console = try await ConsoleOfAFleet(fleet, socket: path)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o077 == 0)
    let cookie = try await console.enter()
    #expect(try await console.get("/api/agents", cookie: cookie).status == 200)
    let second = try await fleet.agentctl("console", "--socket", path)
    #expect(second.end == .exited(EX_NOINPUT) && second.errorText.contains("another program uses it"))
    #expect(try await console.get("/api/agents", cookie: cookie).status == 200)
    try console.process.handle.send(SIGTERM)
    #expect(try await console.process.end().end == .exited(128 + SIGTERM))
    #expect(access(path, F_OK) == -1)
  }

  @Test func silentConnectionsKeepNobodyOut() async throws {
    let console = try await ConsoleOfAFleet(try await Fleet.running("agent01").fleet)
    let cookie = try await console.enter()
    let port = try #require(Int(console.base.split(separator: ":").last ?? ""))
    let script =
      "import socket,sys,time\nall=[]\nfor _ in range(300):\n all.append(socket.create_connection(('127.0.0.1',\(port))))\nprint('open',flush=True)\ntime.sleep(60)"
    let silent = try TestProcess(["python3", "-c", script], environment: ["PATH": "/usr/bin:/bin"])
    try await wait(for: "silent connections") { silent.outputText == "open\n" }
    // They are closed after ten seconds; curl tries again until then.
    let answer = try await console.get(
      "/api/agents", cookie: cookie, curl: ["--retry", "30", "--retry-delay", "1", "--retry-all-errors"])
    #expect(answer.status == 200)
  }
}
