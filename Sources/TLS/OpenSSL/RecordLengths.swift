import COpenSSL

/// Follows the records of a client (RFC 5246 section 6.2.3.3) and pads those that are too short for the tag of their cipher.
///
/// libssl takes the padded records for forged ones and answers with bad_record_mac. Without this, it takes a short record of TLS 1.2 for an
/// error of its own, with AES-GCM as with ChaCha20-Poly1305, and answers with internal_error.
struct RecordLengths {
  private static let headerBytes = 5
  private static let changeCipherSpec: UInt8 = 20

  /// The number of bytes of the current record's header already passed on.
  private var headerCount = 0
  private var type: UInt8 = 0
  /// The number of bytes still to come of the body, and of padding bytes to append.
  private var (left, missing) = (0, 0)
  private var isProtected = false

  /// Passes on as much of `input` as fits into `target`.
  ///
  /// - Parameter minimum: the minimum length of a protected record.
  /// - Returns: the number of bytes.
  mutating func take(
    from input: inout UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, minimum: () -> Int
  ) -> Int {
    var count = 0
    while count < target.count {
      let room = UnsafeMutableRawBufferPointer(rebasing: target[count...])
      if headerCount == Self.headerBytes, left == 0 {
        count += lengthen(room)
        if headerCount == Self.headerBytes { continue }
      }
      if input.isEmpty { break }
      count += headerCount < Self.headerBytes ? passHeader(&input, room, minimum) : passBody(&input, room)
    }
    return count
  }

  /// Appends the padding at the end of a record.
  private mutating func lengthen(_ room: UnsafeMutableRawBufferPointer) -> Int {
    if missing == 0 {
      if type == Self.changeCipherSpec { isProtected = true }
      headerCount = 0
      return 0
    }
    let count = min(missing, room.count)
    room[..<count].initializeMemory(as: UInt8.self, repeating: 0)
    missing -= count
    return count
  }

  private mutating func passHeader(
    _ input: inout UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer, _ minimum: () -> Int
  ) -> Int {
    room[0] = input[0]
    switch headerCount {
    case 0: type = input[0]
    case 3: left = Int(input[0]) << 8
    case 4:
      left |= Int(input[0])
      missing = isProtected ? max(0, minimum() - left) : 0
      // A record that is too short is shorter than 256 bytes, so the previous byte need not change.
      if missing > 0 { room[0] = UInt8(left + missing) }
    default: break
    }
    headerCount += 1
    input = UnsafeRawBufferPointer(rebasing: input[1...])
    return 1
  }

  private mutating func passBody(
    _ input: inout UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
  ) -> Int {
    let count = min(left, input.count, room.count)
    room.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
    input = UnsafeRawBufferPointer(rebasing: input[count...])
    left -= count
    return count
  }
}

extension TLSConnection {
  /// The minimum length of a protected record: the tag, and with AES-GCM the explicit part of the nonce (RFC 5288 section 3).
  ///
  /// In TLS 1.3 libssl checks this itself.
  var leastProtectedLength: Int {
    guard SSL_version(pointer) == TLS1_2_VERSION,
      let cipher = SSL_get_current_cipher(pointer) ?? SSL_get_pending_cipher(pointer)
    else { return 0 }
    return SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305 ? 16 : 24
  }
}
