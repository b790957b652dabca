import HTTPSClient
import Testing

@Suite struct Addresses {
  @Test(arguments: [
    ("agent01", "agent01", 5773), ("agent01:5", "agent01", 5), ("10.0.0.1:65535", "10.0.0.1", 65535),
    ("::1", "::1", 5773), ("[::1]", "::1", 5773), ("[::1]:443", "::1", 443),
  ])
  func areRead(_ text: String, _ host: String, _ port: Int) throws {
    #expect(ServerAddress(text, port: 5773) == ServerAddress(host: host, port: port))
  }

  @Test(arguments: [
    "", ":1", "agent:", "agent:0", "agent:65536", "agent:+1", "agent:1x", "a b", "a\nb", "a/b", "u@h", "[::1", "[]:1",
    "[::1]x",
    String(repeating: "a", count: 256), "h\u{e9}",
  ])
  func orAreNone(_ text: String) { #expect(ServerAddress(text, port: 5773) == nil) }
}
