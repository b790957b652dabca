import Glibc
import SigningLink
import SupervisorLink
import SystemCalls

/// A listener and its signer, just started.
struct LaunchedListener {
  /// The listener.
  let process: ProcessHandle
  /// Our end of its link.
  let link: FileDescriptor
  /// The process that signs for it.
  let signer: ProcessHandle
  /// The listener's ends of the signing link, to be handed over.
  let signing: [FileDescriptor]
  /// The executable of both.
  let program: String

}

/// The executable of listener and signer, open since agentd started: whatever an upgrade puts in its place, this agentd goes on
/// executing the one that it was started with.
struct NetworkProgram {
  private let path: String
  private let image: FileDescriptor

  /// Opens the installed one.
  init() throws(StartFailure) {
    (path, image) = try required(orExit: EX_OSFILE) { () throws(SystemError) in
      let path = try Program.installed("agentd-network", or: "libexec/agentd/agentd-network")
      return (path, try FileDescriptor.open(path, O_RDONLY))
    }
  }

  /// Starts a listener and its signer for `material`.
  func launch(_ material: ServingMaterial) throws(SystemError) -> LaunchedListener {
    let first = try SigningLink.pair()
    var pairs = [first]
    while pairs.count < SigningLink.pairsOfHost { pairs.append(try SigningLink.pair()) }
    let signer = try RoleProgram(.signer, image, material).start(socket: first.signer)
    do throws(SystemError) {
      // All signers read from the one open file description, each from its beginning.
      lseek(material.key.raw, 0, SEEK_SET)
      try SigningLink.send(key: material.key, others: pairs.dropFirst().map(\.signer), over: first.listener)
      let (ours, theirs) = try FileDescriptor.socketPair()
      let process = try RoleProgram(.listener, image, material).start(socket: theirs)
      return LaunchedListener(
        process: process, link: ours, signer: signer, signing: pairs.map(\.listener),
        program: path)
    } catch {
      signer.killAndWait()
      throw error
    }
  }
}
