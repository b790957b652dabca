import CLinux
import Glibc
import OpenSSL
import SigningLink
import SystemCalls

/// Answers a listener's signing requests over one socket, on one thread. Only this process holds the private key.
struct Signer {
  private let key: SigningKey?
  private let socket: FileDescriptor
  /// Whether this signer's thread returns memory to the system when idle.
  private let isFirst: Bool
  /// The processor that the thread is pinned to.
  private var processor: UInt16?

  /// - Parameters:
  ///   - key: if `nil`, every request is refused.
  ///   - socket: the signer's end of a `SigningLink`.
  ///   - isFirst: whether this signer returns memory to the system when idle. Exactly one signer does.
  init(_ key: PrivateKey?, socket: FileDescriptor, isFirst: Bool) throws(SystemError) {
    self.key = key.map(SigningKey.init)
    self.socket = socket
    self.isFirst = isFirst
    if isFirst { try socket.limitReceiving(seconds: ProgramPages.quietTime) }
  }

  /// Signs until the listener closes its end.
  mutating func run() throws(SystemError) {
    var request = [UInt8](repeating: 0, count: SigningLink.headLength + SigningLink.maximumMessage + 1)
    let raw = socket.raw
    if isFirst { ProgramPages.giveBack() }
    while true {
      guard let count = try next(&request) else { return }
      let answer = request[..<count].withUnsafeBytes { self.answer(to: $0) }
      do throws(SystemError) {
        try checked("send") { send(raw, answer, answer.count, Int32(MSG_NOSIGNAL)) }
      } catch  where error.code == EPIPE {
        return
      }
      if count > SigningLink.headLength { stay(on: UInt16(request[2]) << 8 | UInt16(request[3])) }
    }
  }

  /// Pins this thread to the processor of the requesting thread.
  ///
  /// Otherwise the kernel would have to wake another processor and fill its caches, which costs several times as much as the signature.
  private mutating func stay(on processor: UInt16) {
    guard processor != self.processor else { return }
    self.processor = processor
    // The kernel refuses a processor that does not exist, and the thread stays where it is.
    _ = clinux_stay_on_processor(UInt32(processor))
  }

  /// Waits for a request.
  ///
  /// - Returns: the request's length; `nil` at the end of the link.
  private func next(_ request: inout [UInt8]) throws(SystemError) -> Int? {
    let raw = socket.raw
    var isQuiet = false
    while true {
      do throws(SystemError) {
        let count = try checked("recv") { recv(raw, &request, request.count, 0) }
        return count == 0 ? nil : count
      } catch  where error.code == EAGAIN {
        if isFirst, !isQuiet { ProgramPages.giveBack() }
        isQuiet = true
      }
    }
  }

  /// Returns the signature, or a refusal of a request that no genuine listener would send.
  func answer(to request: UnsafeRawBufferPointer) -> [UInt8] {
    let head = SigningLink.headLength
    guard request.count > head, request.count <= head + SigningLink.maximumMessage,
      let scheme = SignatureScheme(rawValue: UInt16(request[0]) << 8 | UInt16(request[1]))
    else { return [0] }
    let message = UnsafeRawBufferPointer(rebasing: request[head...])
    guard SignableMessage.isPartOfHandshake(message) else { return [0] }
    guard let key, let signature = try? key.sign(message, scheme) else { return [0] }
    return [1] + signature
  }
}
