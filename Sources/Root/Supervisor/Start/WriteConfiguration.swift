import AgentConfiguration
import Glibc
import SystemCalls

/// `agentd -C FILE`: writes an initial configuration that names every key with its default.
enum WriteConfiguration {
  /// Creates the file, which must not exist yet; `-` is standard output. An existing file is left unchanged.
  static func run(_ path: String) throws(StartFailure) -> Int32 {
    let contents = Array(AgentConfiguration.commented.utf8)
    if path == "-" {
      let output = try required(orExit: EX_OSERR) { () throws(SystemError) in
        FileDescriptor(owning: try checked("dup") { dup(STDOUT_FILENO) })
      }
      try required(orExit: EX_IOERR) { () throws(SystemError) in try output.writeAll(contents, "standard output") }
      return EX_OK
    }
    do throws(SystemError) { try DurableFile.create(path, with: contents, mode: 0o644) } catch {
      guard error.code == EEXIST else { throw StartFailure(EX_CANTCREAT, error) }
      throw StartFailure(
        EX_CANTCREAT, "\(path): already exists and is not overwritten",
        hint: "name another file, or compare with: agentd -C - | diff \(path) -")
    }
    print("agentd: wrote \(path), with every key and its default; check your changes with: agentd -t -c \(path)")
    return EX_OK
  }
}
