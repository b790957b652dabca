// Goal: what root runs holds neither OpenSSL nor an event loop of the network: not in the process of agentd, nor in its program.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct RootsProcessHasNoTLS {
  /// A name that is in every program with the library in it, as nm(1) prints it.
  private static let symbols = [
    "OpenSSL": #" U (SSL|SSL_CTX|X509|EVP_PKEY|BIO)_[A-Za-z0-9_]+"#,
    "our owners of OpenSSL's objects": #" [Tt] \$s7OpenSSL"#,
    "NIOCore": #" [Tt] \$s7NIOCore"#,
    "NIOPosix": #" [Tt] \$s8NIOPosix"#,
    "NIOHTTP1": #" [Tt] \$s8NIOHTTP1"#,
    "the listener": #" [Tt] \$s8Listener"#,
  ]

  /// How many lines of what `command` prints of the program match.
  private func count(_ pattern: String, in command: String, of program: String) async throws -> Int {
    let result = try await run(
      "sh", "-c", "\(command) \"$1\" | grep -cE \"$2\"", "sh", try BuiltProduct.path(program), pattern)
    return try #require(Int(result.outputText.dropLast()), "\(result.errorText)")
  }

  @Test(arguments: ["libssl", "libcrypto"]) func itsProgramIsNotLinkedWith(library: String) async throws {
    #expect(try await count(library, in: "ldd", of: "agentd") == 0)
    #expect(try await count(library, in: "ldd", of: "agentd-network") == 1, "the question finds nothing")
  }

  @Test(arguments: symbols.keys.sorted()) func itsProgramHasNoSymbolOf(library: String) async throws {
    let pattern = try #require(Self.symbols[library])
    #expect(try await count(pattern, in: "nm", of: "agentd") == 0)
    #expect(try await count(pattern, in: "nm", of: "agentd-network") > 0, "the question finds nothing")
  }

  @Test func itsProcessHasNotLoadedIt() async throws {
    let agent = try await Installation.running()
    let maps = try DurableFile.read("/proc/\(agent.supervisorID)/maps", limit: 1 << 22)
    let text = String(decoding: maps, as: UTF8.self)
    #expect(text.contains("libc.so"), "the question finds nothing")
    #expect(!text.contains("libssl") && !text.contains("libcrypto"), "\(text)")
  }
}
