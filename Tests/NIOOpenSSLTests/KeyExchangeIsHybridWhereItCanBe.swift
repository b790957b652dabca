// Goal: the key exchange is X25519MLKEM768 if libcrypto supports it and the client offers it, otherwise X25519; older clients are admitted
// too.
import COpenSSL
import Testing

@Suite struct KeyExchangeIsHybridWhereItCanBe {
  private static let (x25519, hybrid) = (NID_X25519, 0x11EC)

  @Test func betweenOurselves() throws {
    let gate = try EmbeddedGate()
    try gate.shakeHands()
    let kem = EVP_KEM_fetch(nil, "X25519MLKEM768", nil)
    defer { EVP_KEM_free(kem) }
    ERR_clear_error()
    if kem == nil {
      #expect(gate.client.group == Int(Self.x25519))
    } else {
      // The library has no number of its own for it: it uses that of TLS, marked as such.
      #expect(gate.client.group & 0xffff == Self.hybrid)
    }
  }
}
