import Glibc
import SigningLink
import SupervisorLink
import SystemCalls

/// A listener and its signer that were just started.
struct LaunchedListener {
  /// The listener process.
  let process: ProcessHandle
  /// Our end of its link, which only sends.
  let link: FileDescriptor
  /// The pipe on which the listener sends its messages.
  let inbox: FileDescriptor
  /// The listener's end of that pipe, to be handed over.
  let outbox: FileDescriptor
  /// The process that signs for it.
  let signer: ProcessHandle
  /// The listener's ends of the signing link, to be handed over.
  let signing: [FileDescriptor]
  /// The executable of both.
  let program: String

  /// Creates a socket for one direction: in the other, descriptors could be attached to messages, and we would have to close them.
  static func link() throws(SystemError) -> (ours: FileDescriptor, theirs: FileDescriptor) {
    let (ours, theirs) = try FileDescriptor.socketPair()
    let raw = ours.raw
    try checked("shutdown") { shutdown(raw, Int32(SHUT_RD)) }
    return (ours, theirs)
  }
}

/// The executable of listener and signer, opened when agentd started.
///
/// Even after an upgrade this agentd continues to execute the one that it was started with.
struct NetworkProgram {
  private let path: String
  private let image: FileDescriptor

  /// Opens the installed executable.
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
      // All signers share the open file description, and each reads it from the start.
      lseek(material.key.raw, 0, SEEK_SET)
      try SigningLink.send(key: material.key, others: pairs.dropFirst().map(\.signer), over: first.listener)
      let (ours, theirs) = try LaunchedListener.link()
      let (inbox, outbox) = try FileDescriptor.pipe()
      let process = try RoleProgram(.listener, image, material).start(socket: theirs)
      return LaunchedListener(
        process: process, link: ours, inbox: inbox, outbox: outbox, signer: signer, signing: pairs.map(\.listener),
        program: path)
    } catch {
      signer.killAndWait()
      throw error
    }
  }
}
