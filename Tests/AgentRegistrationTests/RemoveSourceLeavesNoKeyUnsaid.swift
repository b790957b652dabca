// Goal: after an import with --remove-source, the private key is only in the store, or a message says where else it is.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct RemoveSourceLeavesNoKeyUnsaid {
  private let host: ScratchHost
  private let files: BundleFiles

  init() throws {
    (host, files) = (try ScratchHost(), try BundleFiles())
    try Folder.make(host.folder.path("usb"), mode: 0o700)
    try host.folder.write("usb/bundle.pem", try files.bytes(files.listener.bundlePath), mode: 0o600)
  }

  @Test func theFileBehindALinkGoes() async throws {
    symlink("usb/bundle.pem", host.folder.path("middle.pem"))
    symlink("middle.pem", host.folder.path("bundle.pem"))
    let result = try await host.register("-I", "bundle.pem", "--remove-source")
    #expect(result.end == .exited(0), "\(result.errorText)")
    for path in ["usb/bundle.pem", "bundle.pem"] { #expect(access(host.folder.path(path), F_OK) != 0, "\(path)") }
    #expect(result.errorText.contains("was a symbolic link; it and \(host.folder.path("usb/bundle.pem"))"))
    #expect(try host.stored("keys").count == 1)
  }

  @Test func furtherNamesAreSaid() async throws {
    link(host.folder.path("usb/bundle.pem"), host.folder.path("usb/again.pem"))
    let result = try await host.register("-I", "usb/bundle.pem", "--remove-source")
    #expect(result.end == .exited(0), "\(result.errorText)")
    #expect(result.errorText.contains("had 1 further names (hard links), under which the private key is still there"))
    #expect(access(host.folder.path("usb/bundle.pem"), F_OK) != 0)
  }

  @Test func aPlainFileGoesWithoutAWord() async throws {
    let result = try await host.register("-I", "usb/bundle.pem", "--remove-source")
    #expect(result.end == .exited(0))
    // The test's certificates expire soon.
    let lines = result.errorText.split(separator: "\n")
    #expect(lines.allSatisfy { $0.contains("expires in") }, "\(lines)")
    #expect(access(host.folder.path("usb/bundle.pem"), F_OK) != 0)
  }
}
