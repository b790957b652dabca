import Glibc
import TestSupport
import Testing

/// Concurrent imports do not lose each other's certificates.
struct ConcurrentImports {
  @Test func allAreThereAfterwards() async throws {
    let host = try ScratchHost()
    let files = try BundleFiles()
    for number in 0..<8 {
      let leaf = try files.pki.server("agent\(number)", by: files.root)
      try host.folder.write("bundle\(number)", try files.bytes(leaf.bundlePath), mode: 0o600)
    }
    // The first ones also create the store.
    let processes = try (0..<16).map { try host.start(["-I", "bundle\($0 % 8)"]) }
    for process in processes {
      let result = try await process.end()
      #expect(result.end == .exited(0), "\(result.errorText)")
    }
    #expect(try host.stored("certificates").count == 8)
    #expect(try host.stored("keys").count == 8)
    #expect(try host.stored("roots").count == 1)
  }
}
