import AgentProtocol
import FoundationEssentials

extension JobPageDocument {
  /// The page, as a client reads it.
  public var page: JobPage { get throws { try JSONDecoder().decode(JobPage.self, from: Data(json.utf8)) } }
}
