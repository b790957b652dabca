import CLinux
import Glibc
import OpenSSL
import SigningProvider
import Synchronization
import SystemCalls

/// What listener and signer say to each other over a `SigningSocket`.
///
/// A request is two bytes with the scheme's number, two with the processor's that the asking thread runs on (both big-endian), and the
/// message to sign. The answer is a byte that is 1, then the signature; or the byte 0 alone, which is a refusal.
public enum SigningLink {
  /// What comes before the message.
  public static let headLength = 4
  /// The longest message: TLS 1.2 signs two randoms and a key share of at most 133 bytes, TLS 1.3 less than 150 bytes.
  public static let maximumMessage = 512
  /// The longest signature: RSA of 8,192 bits.
  public static let maximumSignature = 1024
}

/// The listener's end: asks the signer for every signature, one at a time on each processor, whichever thread asks.
public final class SignerConnection: RemoteSigner {
  private final class Line: Sendable {
    let socket: Mutex<FileDescriptor>
    init(_ socket: FileDescriptor) { self.socket = Mutex(socket) }
  }

  private let lines: [Line]
  private let onLoss: @Sendable () -> Void

  /// Takes the listener's ends.
  ///
  /// - Parameters:
  ///   - sockets: at least one, each with a thread of the signer at its other end.
  ///   - patience: seconds to wait for a signature before the signer is taken for lost.
  ///   - onLoss: called, on the thread that asked, when the signer has gone or does not answer: no handshake will
  ///     succeed any more.
  public init(
    _ sockets: [FileDescriptor], patience: Int = 5, onLoss: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    for socket in sockets { try socket.limitReceiving(seconds: patience) }
    lines = sockets.map(Line.init)
    self.onLoss = onLoss
  }

  /// Waits for the signer's answer; see `RemoteSigner`.
  public func sign(_ message: UnsafeRawBufferPointer, _ scheme: SignatureScheme) -> [UInt8]? {
    guard message.count <= SigningLink.maximumMessage else { return nil }
    let processor = Int(clinux_current_processor())
    let line = lines[max(0, processor) % lines.count]
    var request = Self.bytes(scheme.rawValue) + Self.bytes(UInt16(truncatingIfNeeded: processor))
    request.append(contentsOf: message)
    guard let answer = answer(to: request, over: line), answer[0] == 1 else { return nil }
    return Array(answer.dropFirst())
  }

  /// Whether the signer answers with all its threads: they are asked what they refuse, a signature of nothing.
  public func isThere() -> Bool {
    let nothing = [UInt8](repeating: 0xFF, count: SigningLink.headLength)
    return lines.allSatisfy { answer(to: nothing, over: $0) != nil }
  }

  // At least one byte; `nil` when the signer is lost.
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
