// Goal: an option with an empty value, as from an unset shell variable, is refused, and nothing is done.
import TestSupport
import Testing

@Suite struct EmptyValuesAreRefused {
  @Test(arguments: [
    ["-L", "-t", ""], ["-L", "-t", " "], ["-L", "-t", "", "-d", "none"], ["-L", "-d", ""], ["-L", "-b", ""],
    ["-L", "-s", ""],
    ["-I", ""], ["-I", "f", "-P", ""], ["-x", ""], ["-E", ""], ["-E", "00000000", "-o", ""], ["-V", ""],
    ["-V", "f", "--at", ""], ["-R", "-o", ""], ["-R", "-s", ""], ["-R", "-n", "", "-o", "f"], ["--env-diff", ""],
    ["-l", "-c", ""],
  ]) func refused(_ arguments: [String]) async throws {
    let host = try ScratchHost()
    let before = try host.image()
    let result = try await host.start(arguments).end()
    #expect(result.end == .exited(64), "\(arguments): \(result.outputText)")
    #expect(result.outputText.isEmpty)
    #expect(result.errorText.contains("is empty; is a variable of the shell not set?"), "\(result.errorText)")
    #expect(try host.image() == before)
  }

  @Test func whatIsNotEmptyIsDone() async throws {
    let host = try ScratchHost()
    #expect(try await host.register("-L", "-p", "6000", "-b", "127.0.0.1").end == .exited(0))
  }
}
