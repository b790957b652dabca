/// The files of the console's page, which are part of the program: a browser needs nothing from anywhere else.
public enum ConsolePage {
  /// A file as it is served.
  public struct File: Sendable {
    /// The media type.
    public let type: String
    /// The contents.
    public let bytes: [UInt8]
  }

  /// Returns the file with this path in a URL; nil if there is none.
  public static func file(_ path: String) -> File? { files[path] }

  private static let files: [String: File] = [
    "/": File(type: "text/html; charset=utf-8", bytes: PackageResources.index_html),
    "/style.css": File(type: "text/css; charset=utf-8", bytes: PackageResources.style_css),
    "/icon.svg": File(type: "image/svg+xml", bytes: PackageResources.icon_svg),
    "/main.js": script(PackageResources.main_js),
    "/api.js": script(PackageResources.api_js),
    "/parts.js": script(PackageResources.parts_js),
    "/pictures.js": script(PackageResources.pictures_js),
    "/agents.js": script(PackageResources.agents_js),
    "/agent.js": script(PackageResources.agent_js),
    "/job.js": script(PackageResources.job_js),
    "/night.js": script(PackageResources.night_js),
  ]

  private static func script(_ bytes: [UInt8]) -> File { File(type: "text/javascript; charset=utf-8", bytes: bytes) }
}
