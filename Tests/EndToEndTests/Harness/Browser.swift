import FoundationEssentials
import Glibc
import Synchronization
import TestSupport

/// A page in headless Chromium, told what to do over the DevTools protocol on a pipe.
final class Browser: Sendable {
  /// Whether there is one: scripts/bootstrap installs it for the tests.
  static let isInstalled = access("/usr/bin/chromium", X_OK) == 0

  private let process: TestProcess
  private let profile: TemporaryFolder
  private let state = Mutex((number: 0, session: String?.none))

  /// Starts a browser with an empty page.
  init(width: Int = 1280, height: Int = 800) async throws {
    profile = try TemporaryFolder()
    let options = [
      "--headless", "--remote-debugging-pipe", "--hide-scrollbars", "--no-first-run", "--disable-gpu", "--no-sandbox",
      "--user-data-dir=\(profile.path)", "about:blank",
    ].joined(separator: " ")
    process = try TestProcess(
      ["/bin/bash", "-c", "exec /usr/bin/chromium \(options) 3<&0 4>&1 >/dev/null 2>&1"],
      environment: ["PATH": "/usr/bin:/bin", "HOME": profile.path, "TZ": "UTC", "LANG": "C.UTF-8"], input: nil)
    let page = try await say("Target.getTargets").targetInfos?.first { $0.type == "page" }
    guard let page else { throw HarnessError("the browser has no page") }
    let attached = try await say("Target.attachToTarget", #""targetId": "\#(page.targetId)", "flatten": true"#)
    state.withLock { $0.session = attached.sessionId }
    try await size(width, height)
  }

  private struct Reply: Decodable {
    let id: Int?
    let error: Failure?
    let result: Result?

    struct Failure: Decodable { let message: String }
    struct Target: Decodable {
      let targetId: String
      let type: String
    }
    struct Value: Decodable { let value: String? }
    struct Result: Decodable {
      let targetInfos: [Target]?
      let sessionId: String?
      let result: Value?
      let exceptionDetails: Thrown?
    }
    struct Thrown: Decodable { let text: String }
  }

  private func say(_ method: String, _ parameters: String = "") async throws -> Reply.Result {
    let (number, session) = state.withLock { state in
      state.number += 1
      return (state.number, state.session.map { #", "sessionId": "\#($0)""# } ?? "")
    }
    try process.write(#"{"id": \#(number), "method": "\#(method)", "params": {\#(parameters)}\#(session)}"# + "\0")
    let reply = try await wait(for: method) { () -> Reply? in
      process.outputText.split(separator: "\0").lazy.filter { $0.hasPrefix("{\"id\":\(number),") }.first.flatMap {
        try? JSONDecoder().decode(Reply.self, from: Data($0.utf8))
      }
    }
    guard let result = reply.result else { throw HarnessError("\(method): \(reply.error?.message ?? "no result")") }
    return result
  }

  /// Makes the window that large.
  func size(_ width: Int, _ height: Int) async throws {
    _ = try await say(
      "Emulation.setDeviceMetricsOverride",
      #""width": \#(width), "height": \#(height), "deviceScaleFactor": 1, "mobile": false"#)
  }

  /// Chooses `light` or `dark`.
  func scheme(_ name: String) async throws {
    _ = try await say(
      "Emulation.setEmulatedMedia", #""features": [{"name": "prefers-color-scheme", "value": "\#(name)"}]"#)
  }

  /// Opens a page.
  func open(_ url: String) async throws { _ = try await say("Page.navigate", #""url": "\#(url)""#) }

  /// Returns the value of a piece of JavaScript as text.
  @discardableResult
  func value(_ script: String) async throws -> String {
    let json = String(decoding: try JSONEncoder().encode("String(\(script))"), as: UTF8.self)
    let result = try await say("Runtime.evaluate", #""expression": \#(json), "returnByValue": true"#)
    if let thrown = result.exceptionDetails { throw HarnessError("\(script): \(thrown.text)") }
    return result.result?.value ?? ""
  }

  /// Waits until a piece of JavaScript is true.
  func expect(_ script: String) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await value("Boolean(\(script))") != "true" {
      if ContinuousClock.now > end {
        throw HarnessError("never true: \(script); the page: \(try await value("document.body.innerText"))")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Waits until the page shows a text.
  func shows(_ text: String) async throws {
    let json = String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    try await expect("document.body?.innerText.includes(\(json))")
  }

  /// Clicks on the first element in which exactly this text is, once there is one.
  func click(_ text: String, in selector: String = "a, button") async throws {
    let found =
      "[...document.querySelectorAll('\(selector)')].find((node) => node.textContent === '\(text)' && node.offsetParent)"
    try await expect(found)
    try await value("\(found).click()")
  }

  /// Presses keys, one after another: a character, or a name such as `Enter`.
  func press(_ keys: String...) async throws {
    for key in keys {
      let text = key.count == 1 ? key : key == "Enter" ? #"\r"# : ""
      let typed = text.isEmpty ? "" : #", "text": "\#(text)""#
      _ = try await say("Input.dispatchKeyEvent", #""type": "keyDown", "key": "\#(key)"\#(typed)"#)
      _ = try await say("Input.dispatchKeyEvent", #""type": "keyUp", "key": "\#(key)""#)
    }
  }
}
