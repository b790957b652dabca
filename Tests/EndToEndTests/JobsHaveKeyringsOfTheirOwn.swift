// Goal: a job has its own session keyring, keyrings(7): neither that of the shell that started agentd nor another job's.
import Glibc
import TestSupport
import Testing

@Suite struct JobsHaveKeyringsOfTheirOwn {
  private static let calls = """
    import ctypes, os, platform, sys
    libc = ctypes.CDLL(None, use_errno=True)
    add_key, keyctl = (248, 250) if platform.machine() == "x86_64" else (217, 219)
    def call(number, *arguments):
        result = libc.syscall(number, *[ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_long(a) for a in arguments])
        return result if result >= 0 else -ctypes.get_errno()

    """
  // Joins a keyring that contains a key, as a login does, and starts agentd from there.
  private static let shell =
    calls + """
      assert call(keyctl, 1, 0) > 0
      assert call(add_key, b"user", b"of-the-shell", b"secret", 6, -3) > 0
      os.execvp(sys.argv[1], sys.argv[1:])
      """
  // Looks for the key, adds its own, prints its keyring, and revokes it.
  private static let job =
    calls + """
      print("shell", call(keyctl, 10, -3, b"user", b"of-the-shell", 0))
      print("other", call(keyctl, 10, -3, b"user", b"of-a-job", 0))
      print("added", call(add_key, b"user", b"of-a-job", b"x", 1, -3) > 0)
      print("keyring", call(keyctl, 0, -3, 0))
      print("revoked", call(keyctl, 3, -3))
      """

  @Test func aJobFindsNothingAndSpoilsNothing() async throws {
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(wrapper: ["python3", "-c", Self.shell])
    var keyrings: Set<String> = []
    for id in ["first", "second"] {
      let (_, output) = try await agent.finish(
        id, ["/usr/bin/python3", "-I", "-c", Self.job], fields: #""directory": "/""#)
      let facts = Dictionary(
        uniqueKeysWithValues: output.split(separator: "\n").map { $0.split(separator: " ") }.map { ($0[0], $0[1]) })
      // ENOKEY.
      #expect(facts["shell"] == "-126" && facts["other"] == "-126", "\(output)")
      #expect(facts["added"] == "True" && facts["revoked"] == "0", "\(output)")
      keyrings.insert(String(facts["keyring"] ?? ""))
    }
    #expect(keyrings.count == 2)
  }
}
