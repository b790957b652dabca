import AgentProtocol
import OpenSSL
import SupervisorLink

extension PresentedClient {
  /// Reads a client's chain, leaf certificate first, and verifies it as a handshake does.
  init(pem: String, judgedBy verifier: CurrentVerifier) throws(Unusable) {
    let chain: [Certificate]
    do { chain = try Certificate.all(inPEM: Array(pem.utf8)) } catch {
      throw Unusable("the certificate to explain: \(error)")
    }
    guard let leaf = chain.first else { throw Unusable("the certificate to explain: the file holds none") }
    self.init(client: VerifiedClient(leaf), refusal: nil)
    let presented = PresentedChain(leaf: leaf, intermediates: Array(chain.dropFirst()))
    if case .refused(_, _, let reason) = verifier.verify(presented) { refusal = reason }
  }
}
