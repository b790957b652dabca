import CLinux
import Glibc
import OpenSSL
import SigningLink
import SystemCalls

/// What answers a listener's requests for signatures over one socket, on one thread. The private key is in this process alone.
struct Signer {
  private let key: SigningKey?
  private let socket: FileDescriptor
  /// On the thread that gives memory back when nothing has been asked for a while.
  private let isFirst: Bool
  /// The processor that the thread stays on.
  private var processor: UInt16?

  /// - Parameters:
  ///   - key: without one everything is refused.
  ///   - socket: the signer's end of a `SigningLink`.
  ///   - isFirst: whether it is this one that gives memory back in quiet times. One of all does.
  init(_ key: PrivateKey?, socket: FileDescriptor, isFirst: Bool) throws(SystemError) {
    self.key = key.map(SigningKey.init)
    self.socket = socket
    self.isFirst = isFirst
    if isFirst { try socket.limitReceiving(seconds: ProgramPages.quietTime) }
  }

  /// Signs until the listener is gone.
  mutating func run() throws(SystemError) {
    var request = [UInt8](repeating: 0, count: SigningLink.headLength + SigningLink.maximumMessage + 1)
    let raw = socket.raw
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

  /// Stays where the thread runs that asks, and waits. Elsewhere another processor would have to be woken and its caches be
  /// filled, which costs several times what the signature does.
  private mutating func stay(on processor: UInt16) {
    guard processor != self.processor else { return }
    self.processor = processor
    // One that there is not is refused, and the thread stays where it is.
    _ = clinux_stay_on_processor(UInt32(processor))
  }

  /// Waits for a request.
  ///
  /// - Returns: its length; `nil` at the end.
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

  /// The signature, or a refusal of what no listener would ask.
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
