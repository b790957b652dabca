import CLinux
import Glibc
import OpenSSL
import SigningLink
import Synchronization
import SystemCalls

/// The listener's end of a `SigningLink`: requests every signature from the signer, one at a time per processor, from any thread.
public final class SignerConnection: RemoteSigner {
  private final class Line: Sendable {
    let socket: Mutex<FileDescriptor>
    init(_ socket: FileDescriptor) { self.socket = Mutex(socket) }
  }

  private let lines: [Line]
  private let onLoss: @Sendable () -> Void

  /// Takes ownership of the listener's ends of the sockets.
  ///
  /// - Parameters:
  ///   - sockets: at least one, each served by a thread of the signer.
  ///   - patience: seconds to wait for a signature before the signer is considered lost.
  ///   - onLoss: called on the requesting thread when the signer is gone or does not answer: no handshake can succeed from then on.
  public init(
    _ sockets: [FileDescriptor], patience: Int = 5, onLoss: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    for socket in sockets { try socket.limitReceiving(seconds: patience) }
    lines = sockets.map(Line.init)
    self.onLoss = onLoss
  }

  /// Requests a signature and waits for it; see `RemoteSigner`.
  public func sign(_ message: UnsafeRawBufferPointer, _ scheme: SignatureScheme) -> [UInt8]? {
    guard message.count <= SigningLink.maximumMessage else { return nil }
    let processor = Int(clinux_current_processor())
    let line = lines[max(0, processor) % lines.count]
    var request = Self.bytes(scheme.rawValue) + Self.bytes(UInt16(truncatingIfNeeded: processor))
    request.append(contentsOf: message)
    guard let answer = answer(to: request, over: line), answer[0] == 1 else { return nil }
    return Array(answer.dropFirst())
  }

  /// Returns whether all threads of the signer answer, by requesting a signature that they refuse.
  public func isThere() -> Bool {
    let nothing = [UInt8](repeating: 0xFF, count: SigningLink.headLength)
    return lines.allSatisfy { answer(to: nothing, over: $0) != nil }
  }

  // Returns at least one byte; `nil` if the signer is lost.
  private func answer(to request: [UInt8], over line: Line) -> [UInt8]? {
    let answer = line.socket.withLock { Self.exchange(request, over: $0) }
    if let answer, !answer.isEmpty { return answer }
    onLoss()
    return nil
  }

  private static func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }

  private static func exchange(_ request: [UInt8], over socket: FileDescriptor) -> [UInt8]? {
    let raw = socket.raw
    var answer = [UInt8](repeating: 0, count: 1 + SigningLink.maximumSignature)
    do throws(SystemError) {
      try checked("send") { send(raw, request, request.count, Int32(MSG_NOSIGNAL)) }
      let count = try checked("recv") { recv(raw, &answer, answer.count, 0) }
      return Array(answer[..<count])
    } catch {
      return nil
    }
  }
}
