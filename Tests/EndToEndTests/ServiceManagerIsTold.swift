// Goal: a service manager is notified when agentd serves, reloads and stops, and gets keep-alive messages as long as listener and signer
// work; in the format of sd_notify(3).
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct ServiceManagerIsTold {
  @Test(arguments: [false, true]) func ofEveryChange(abstract: Bool) async throws {
    let agent = try await Installation()
    try await agent.register()
    let path = agent.folder.path("notify")
    let manager = try NotifySocket(abstract ? "@\(path)" : path)
    try await agent.start(variables: ["NOTIFY_SOCKET": manager.name])
    let serves = "STATUS=serves at 127.0.0.1:\(agent.port)"
    #expect(try await manager.next() == ["READY=1", serves])

    let begun = monotonicMicroseconds()
    try agent.signal(SIGHUP)
    try await expectReloading(manager, since: begun)
    #expect(try await manager.next() == ["READY=1", serves])

    // A failed reload also ends, and reports its failure.
    try agent.folder.write("listener.toml", "port = \"none\"\n")
    try agent.signal(SIGHUP)
    try await expectReloading(manager, since: begun)
    let failed = try await manager.next()
    #expect(failed[0] == "READY=1")
    #expect(failed[1].hasPrefix("\(serves); the last reload failed: ") && failed[1].contains("listener.toml"))

    #expect(try await agent.stop() == .exited(0))
    #expect(try await manager.next().first == "STOPPING=1")
    #expect(manager.received() == nil)
  }

  @Test func ofAReloadThatHadToWaitForAListener() async throws {
    let agent = try await Installation()
    try await agent.register()
    let manager = try NotifySocket(agent.folder.path("notify"))
    try await agent.start(variables: ["NOTIFY_SOCKET": manager.name])
    #expect(try await manager.next().first == "READY=1")
    // Its replacement is about to start when the reload is requested.
    kill(try await agent.listenerID(), SIGKILL)
    try await agent.logLine(with: "listener", "signal")
    try agent.signal(SIGHUP)
    #expect(try await manager.next().first == "RELOADING=1")
    #expect(try await manager.next().first == "READY=1")
    #expect(agent.log.contains("reload complete"))
  }

  @Test func thatItIsAliveOnlyWhileTheListenerAnswers() async throws {
    let (agent, signs) = try await watched()
    let (other, clock) = try await watched()
    let listener = try await agent.listenerID()
    kill(listener, SIGSTOP)
    try await wait(for: "the listener to stop") { try ProcessTable.status(listener)["State"]?.first == "T" }
    while signs.received() != nil {}
    // While another agentd sends twenty, at most the one arrives that was already sent.
    for _ in 1...20 { #expect(try await clock.next() == ["WATCHDOG=1"]) }
    #expect([nil, ["WATCHDOG=1"]].contains(signs.received()))
    #expect(signs.received() == nil)
    kill(listener, SIGCONT)
    #expect(try await signs.next() == ["WATCHDOG=1"])
    withExtendedLifetime(other) {}
  }

  @Test func thatItIsAliveAgainWithAnotherSigner() async throws {
    let (agent, signs) = try await watched()
    let signer = try await agent.signerID()
    kill(signer, SIGSTOP)
    // Nobody has connected: the probe detects it.
    try await agent.logLine(with: "the signer is gone or does not answer")
    try await agent.logLine(with: "listener serves again")
    while signs.received() != nil {}
    #expect(try await signs.next() == ["WATCHDOG=1"])
    kill(signer, SIGKILL)
  }

  /// An agentd that must send a keep-alive message every 20 ms, and has sent the first.
  private func watched() async throws -> (Installation, NotifySocket) {
    let agent = try await Installation()
    try await agent.register()
    let manager = try NotifySocket(agent.folder.path("notify"))
    try await agent.start(variables: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "60000"])
    #expect(try await manager.next().first == "READY=1")
    #expect(try await manager.next() == ["WATCHDOG=1"])
    return (agent, manager)
  }

  @Test func nothingOfWhatIsMeantForAnotherProcess() async throws {
    let agent = try await Installation()
    try await agent.register()
    let manager = try NotifySocket(agent.folder.path("notify"))
    try await agent.start(variables: [
      "NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "3", "WATCHDOG_PID": "\(getpid())", "LISTEN_FDS": "1",
      "LISTEN_PID": "\(getpid())",
    ])
    #expect(try await manager.next().first == "READY=1")
    try await agent.stop()
    #expect(try await manager.next().first == "STOPPING=1")
  }

  private func expectReloading(_ manager: NotifySocket, since begun: Int) async throws {
    let message = try await manager.next()
    #expect(message.count == 2 && message[0] == "RELOADING=1")
    let moment = try #require(Int(message[1].replacing("MONOTONIC_USEC=", with: "")))
    #expect((begun...monotonicMicroseconds()).contains(moment))
  }

  private func monotonicMicroseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1_000_000 + now.tv_nsec / 1000
  }
}
