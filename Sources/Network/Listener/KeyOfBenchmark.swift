#if AGENTD_SIGNS_ITSELF
  import OpenSSL
  import SigningSocket
  import SystemCalls

  /// The private key in the listener itself, for `scripts/bench/signer` alone; no product is built with it.
  enum KeyOfBenchmark {
    /// Written before there are threads.
    nonisolated(unsafe) private(set) static var key: PrivateKey?

    /// Takes what the supervisor of the same build sends ahead of the signer's answers.
    static func receive(from socket: SystemCalls.FileDescriptor) throws(Unusable) {
      guard let file = try? SigningSocket.receiveDelivery(from: socket)?.key,
        let key = try? PrivateKey.first(inPEM: SecretBytes(readingDescriptor: file.raw, limit: 65536))
      else { throw Unusable("no key came") }
      self.key = key
    }
  }
#endif
