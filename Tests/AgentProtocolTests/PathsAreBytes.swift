import FoundationEssentials
import Testing

@testable import AgentProtocol

/// Paths are checked by bytes: to Swift, a slash and a combining mark after it are one character.
struct PathsAreBytes {
  @Test(arguments: ["/\u{1F3FB}", "/\u{301}x", "/\u{200D}"])
  func aSlashIsOneBeforeEveryCharacter(path: String) throws {
    let body = ["script": "true", "interpreter": path, "directory": path]
    let request = try JSONDecoder().decode(JobRequest.self, from: JSONEncoder().encode(body))
    #expect(request.directory == path && request.interpreter == path)
  }
}
