import FoundationEssentials
import Testing

@testable import AgentProtocol

/// What a path is, is a matter of its bytes: for Swift's characters, a slash and a mark that follows it are one.
struct PathsAreBytes {
  @Test(arguments: ["/\u{1F3FB}", "/\u{301}x", "/\u{200D}"])
  func aSlashIsOneBeforeEveryCharacter(path: String) throws {
    let body = ["script": "true", "interpreter": path, "directory": path]
    let request = try JSONDecoder().decode(JobRequest.self, from: JSONEncoder().encode(body))
    #expect(request.directory == path && request.interpreter == path)
  }
}
