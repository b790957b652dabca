// Goal: root's processes, supervisor and shepherds, contain neither OpenSSL nor a network event loop: neither running nor in their program
// files.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct RootsProcessHasNoTLS {
  /// Symbols in every program that contains the library, as printed by nm(1).
  private static let symbols = [
    "OpenSSL": #" [TtU] (SSL|SSL_CTX|X509|EVP_PKEY|BIO)_[A-Za-z0-9_]+"#,
    "our owners of OpenSSL's objects": #" [Tt] \$s7OpenSSL"#,
    "NIOCore": #" [Tt] \$s7NIOCore"#,
    "NIOPosix": #" [Tt] \$s8NIOPosix"#,
    "NIOHTTP1": #" [Tt] \$s8NIOHTTP1"#,
    "the listener": #" [Tt] \$s8Listener"#,
  ]

  private static let programs = ["agentd", "agentd-shepherd"]

  /// Returns how many lines of the output of `command` for the program match.
  private func count(_ pattern: String, in command: String, of program: String) async throws -> Int {
    let result = try await run(
      "sh", "-c", "\(command) \"$1\" | grep -cE \"$2\"", "sh", try BuiltProduct.path(program), pattern)
    return try #require(Int(result.outputText.dropLast()), "\(result.errorText)")
  }

  @Test(arguments: ["libssl", "libcrypto"]) func itsProgramIsNotLinkedWith(library: String) async throws {
    #expect(try await count(library, in: "ldd", of: "agentd") == 0)
    #expect(try await count(library, in: "ldd", of: "agentd-network") == 1, "the question finds nothing")
  }

  @Test func theShepherdIsLinkedWithNothing() async throws {
    #expect(try await count("=>", in: "ldd", of: "agentd") > 0, "the question finds nothing")
    #expect(try await count("=>", in: "ldd", of: "agentd-shepherd") == 0)
  }

  @Test(arguments: programs, symbols.keys.sorted())
  func itsProgramHasNoSymbolOf(program: String, library: String) async throws {
    let pattern = try #require(Self.symbols[library])
    #expect(try await count(pattern, in: "nm", of: program) == 0)
    #expect(try await count(" T main$", in: "nm", of: program) == 1, "the question finds nothing")
    #expect(try await count(pattern, in: "nm", of: "agentd-network") > 0, "the question finds nothing")
  }

  @Test func itsProcessHasNotLoadedIt() async throws {
    let agent = try await Installation.running()
    try await agent.submit("held", ["/bin/sh", "-c", "read line < held"], fields: try agent.gate("held"))
    let shepherd = try await wait(for: "the shepherd") { agent.shepherds.first }
    for (process, part) in [(agent.supervisorID, "libc.so"), (shepherd, "agentd-shepherd")] {
      let maps = try DurableFile.read("/proc/\(process)/maps", limit: 1 << 22)
      let text = String(decoding: maps, as: UTF8.self)
      #expect(text.contains(part), "the question finds nothing")
      #expect(!text.contains("libssl") && !text.contains("libcrypto"), "\(text)")
    }
    try await agent.openGate("held")
  }
}
