import Dispatch
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// kill -9 at any moment of an import leaves either the old or the new store, never a mixture, and the next import works.
struct KilledImport {
  private let host: ScratchHost

  init() async throws {
    let files = try BundleFiles()
    host = try ScratchHost()
    try host.folder.write("root.pem", try files.root.certificatePEM)
    let leaf = try files.pki.server("agent02", by: files.intermediate)
    try host.folder.write("bundle", try files.bytes(leaf.bundlePath), mode: 0o600)
    #expect(try await host.register("-I", "root.pem").end == .exited(0))
  }

  private static let (old, new) = ("0 0 1", "2 1 1")

  /// Kills at times spread over the duration of an import under the current load.
  @Test func atAnyTime() async throws {
    var seen: Set<String> = []
    var whole = Duration.milliseconds(50)
    for round in 0..<24 {
      let process = try host.start(["-I", "bundle"])
      try await Task.sleep(for: whole * round / 20)
      try? process.handle.send(SIGKILL)
      _ = try await process.end()
      seen.insert(try checkState())
      let start = ContinuousClock.now
      try await checkNextImport()
      whole = ContinuousClock.now - start
      try reset()
    }
    #expect(seen.contains(Self.old))
  }

  /// Kills at each step in the store's folder: creating the new generation's folder, creating the new link, switching, removing the old
  /// generation.
  @Test func atEachStepInTheStore() async throws {
    for step in 1...4 {
      for _ in 0..<4 {
        let watch = try StoreWatch(host.folder.path("etc/store"))
        let process = try host.start(["-I", "bundle"])
        await watch.kill(process.handle, at: step)
        _ = try await process.end()
        _ = try checkState()
        try await checkNextImport()
        try reset()
      }
    }
  }

  private func checkState() throws -> String {
    let state = try listing()
    #expect(state == Self.old || state == Self.new, "\(state)")
    return state
  }

  /// An incomplete change does not block the next one.
  private func checkNextImport() async throws {
    let again = try await host.register("-I", "bundle")
    #expect(again.end == .exited(0), "\(again.errorText)")
    #expect(try listing() == Self.new)
    let left = try Folder.names(in: host.folder.path("etc/store"))
    #expect(left.count == 3 && left[0] == ".lock" && left[1] == "current", "\(left)")
  }

  /// Goes back to the root only, by hand: this is faster than removals, each of which is made durable.
  private func reset() throws {
    let store = host.folder.path("etc/store")
    for name in try Folder.names(in: store) where name.hasPrefix("generation") {
      for kind in ["certificates", "keys"] {
        TemporaryFolder.remove("\(store)/\(name)/\(kind)")
        try Folder.make("\(store)/\(name)/\(kind)", mode: 0o700)
      }
    }
    #expect(try listing() == Self.old)
  }

  private func listing() throws -> String {
    try ["certificates", "keys", "roots"].map { "\(try host.stored($0).count)" }.joined(separator: " ")
  }
}

/// Watches a folder with inotify(7).
private struct StoreWatch {
  private let descriptor: FileDescriptor

  init(_ folder: String) throws {
    descriptor = FileDescriptor(owning: try checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC)) })
    let (raw, mask) = (descriptor.raw, UInt32(IN_CREATE | IN_MOVED_TO | IN_DELETE))
    try checked("inotify_add_watch", folder) { inotify_add_watch(raw, folder, mask) }
  }

  /// Kills the process at the event with that number, or returns when it has ended without it.
  func kill(_ process: ProcessHandle, at number: Int) async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        var seen = 0
        var waiting = [
          pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0),
          pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0),
        ]
        while seen < number, poll(&waiting, 2, 60_000) > 0, waiting[0].revents != 0 { seen += events() }
        try? process.send(SIGKILL)
        continuation.resume()
      }
    }
  }

  private func events() -> Int {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor.raw, &buffer, buffer.count)
    var (offset, events) = (0, 0)
    while offset + 16 <= count {
      let length = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self) }
      offset += 16 + Int(length)
      events += 1
    }
    return events
  }
}
