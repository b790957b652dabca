import Glibc
import SystemCalls
import TestSupport

/// A host to register on: a configuration and everything it names, in a separate folder.
final class ScratchHost: Sendable {
  let folder: TemporaryFolder
  /// The program, under the name used to call it.
  let programPath: String

  /// - Parameter name: the name used to call agent-register.
  init(calledAs name: String = "agent-register") throws {
    folder = try TemporaryFolder()
    try folder.write(
      "agentd.toml",
      """
      [paths]
      store = "etc/store"
      listener = "etc/listener.toml"
      state = "state"
      runtime = "run"
      """)
    try Folder.make(folder.path("bin"), mode: 0o755)
    try Folder.make(folder.path("run"), mode: 0o755)
    programPath = folder.path("bin/\(name)")
    let (target, link) = (try BuiltProduct.path("agent-register"), programPath)
    try checked("symlink", link) { symlink(target, link) }
  }

  var environment: [String: String] {
    [
      "AGENTD_CONFIG": folder.path("agentd.toml"), "PATH": "/usr/bin:/bin", "HOME": folder.path,
      // A debug build on a terminal answers SIGQUIT with the toolchain's debugger; an installed program has none.
      "SWIFT_BACKTRACE": "enable=no",
    ]
  }

  /// Runs agent-register in the scratch folder.
  func register(_ arguments: String..., input: [UInt8] = []) async throws -> ProcessResult {
    try await start(arguments, input: input).end()
  }

  func start(_ arguments: [String], input: [UInt8] = []) throws -> TestProcess {
    try TestProcess([programPath] + arguments, environment: environment, directory: folder.path, input: input)
  }

  /// Everything that agent-register may change, byte for byte.
  func image() throws -> FolderImage { try FolderImage(of: folder.path("etc")) }

  /// The files of one kind in the store.
  func stored(_ kind: String) throws -> [String] { try Folder.names(in: folder.path("etc/store/current/\(kind)")) }
}
