import Glibc
import OpenSSL
import SigningLink
import SystemCalls

/// The process that holds the listener's private key: it answers one listener's requests for signatures, opens nothing and
/// ends with its listener.
public struct Signer {
  private let key: SigningKey?
  private let socket: FileDescriptor

  /// A private key file is at most this long.
  static let maximumKeyFile = 65536

  /// Reads the key from its open file, which is closed afterwards.
  ///
  /// - Parameters:
  ///   - keyFile: PEM, not encrypted.
  ///   - socket: the signer's end of a `SigningLink`.
  /// - Throws: `SecretReadingError`, `PEMError` or `PrivateKeyError` where there is no key to be had.
  public init(keyFile: FileDescriptor, socket: FileDescriptor) throws {
    defer { keyFile.close() }
    let bytes = try SecretBytes(readingDescriptor: keyFile.raw, limit: Self.maximumKeyFile)
    guard let block = try PEMBlock.all(in: bytes).first(where: { $0.kind == .privateKey }) else {
      throw SignerError.noKey
    }
    key = SigningKey(try PrivateKey(pem: block))
    self.socket = socket
    var quiet = timeval(tv_sec: ProgramPages.quietTime, tv_usec: 0)
    let raw = socket.raw
    try checked("setsockopt") {
      setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &quiet, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  /// One that refuses everything.
  init(withoutKeyOn socket: FileDescriptor) { (key, self.socket) = (nil, socket) }

  /// Signs until the listener is gone.
  public func run() throws(SystemError) {
    var request = [UInt8](repeating: 0, count: 2 + SigningLink.maximumMessage + 1)
    let raw = socket.raw
    while true {
      guard let count = try next(&request) else { return }
      let answer = request[..<count].withUnsafeBytes { self.answer(to: $0) }
      do throws(SystemError) {
        try checked("send") { send(raw, answer, answer.count, Int32(MSG_NOSIGNAL)) }
      } catch  where error.code == EPIPE {
        return
      }
    }
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
        if !isQuiet { ProgramPages.giveBack() }
        isQuiet = true
      }
    }
  }

  /// The signature, or a refusal of what no listener would ask.
  func answer(to request: UnsafeRawBufferPointer) -> [UInt8] {
    guard request.count > 2, request.count <= 2 + SigningLink.maximumMessage,
      let scheme = SignatureScheme(rawValue: UInt16(request[0]) << 8 | UInt16(request[1]))
    else { return [0] }
    let message = UnsafeRawBufferPointer(rebasing: request[2...])
    guard SignableMessage.isPartOfHandshake(message) else { return [0] }
    guard let key, let signature = try? key.sign(message, scheme) else { return [0] }
    return [1] + signature
  }
}

/// Why a signer cannot serve.
public enum SignerError: Error, CustomStringConvertible {
  /// The file holds no private key.
  case noKey

  /// One line without the file's name.
  public var description: String {
    switch self {
    case .noKey: "the file holds no private key"
    }
  }
}
