import COpenSSL
import OpenSSL
import RemoteSigning
import Synchronization
import TestCertificates
import Testing

/// A TLS server whose certificate's key is elsewhere completes handshakes of every version and kind of key, checked by an ordinary OpenSSL
/// client; the key itself is used exactly once for each.
@Suite struct HandshakeWithRemoteKey {
  @Test(
    arguments: [CertificateRecipe.Key.rsa2048, .rsaPSS, .p256, .p384, .p521, .ed25519],
    [TLS1_2_VERSION, TLS1_3_VERSION])
  func completes(key: CertificateRecipe.Key, version: Int32) throws {
    let server = try material(key)
    let signer = LocalSigner(server.key)
    let remote = try PrivateKey.remote(of: server.certificate, signer: signer)
    let outcome = try handshake(certificate: server.certificate, key: remote, root: server.root, version: version)
    #expect(outcome == "finished, verify 0")
    #expect(signer.count == 1)
  }

  @Test func failsWhenTheSignerRefuses() throws {
    let server = try material(.p256)
    let remote = try PrivateKey.remote(of: server.certificate, signer: RefusingSigner())
    let outcome = try handshake(
      certificate: server.certificate, key: remote, root: server.root, version: TLS1_3_VERSION)
    #expect(outcome != "finished, verify 0")
  }

  @Test func doesNotFitAnotherCertificate() throws {
    let server = try material(.p256)
    let stranger = try material(.p384)
    let remote = try PrivateKey.remote(of: stranger.certificate, signer: LocalSigner(stranger.key))
    #expect(throws: HandshakeSetUpFailed.self) {
      try handshake(certificate: server.certificate, key: remote, root: server.root, version: TLS1_3_VERSION)
    }
  }

  @Test func leavesOtherKeysAlone() throws {
    let server = try material(.p256)
    _ = try PrivateKey.remote(of: server.certificate, signer: RefusingSigner())
    let outcome = try handshake(
      certificate: server.certificate, key: server.key, root: server.root, version: TLS1_3_VERSION)
    #expect(outcome == "finished, verify 0")
  }

  /// The order in which OpenSSL searches its providers depends on earlier requests, so a name that OpenSSL itself also has would some day
  /// be taken for the standard one: every signature in the process would then fail.
  @Test func hasNoSignatureByAStandardName() throws {
    _ = try PrivateKey.remote(of: material(.p256).certificate, signer: RefusingSigner())
    var names: [String] = []
    withUnsafeMutablePointer(to: &names) { names in
      EVP_SIGNATURE_do_all_provided(
        nil,
        { signature, names in
          let provider = EVP_SIGNATURE_get0_provider(signature).map { String(cString: OSSL_PROVIDER_get0_name($0)) }
          guard provider == "agentd-remote-keys" else { return }
          _ = EVP_SIGNATURE_names_do_all(
            signature,
            { name, names in
              names?.assumingMemoryBound(to: [String].self).pointee.append(name.map { String(cString: $0) } ?? "")
            }, names)
        }, names)
    }
    #expect(names == ["agentd-remote-signature"])
  }

  private func material(_ key: CertificateRecipe.Key) throws -> (
    certificate: Certificate, key: PrivateKey, root: Certificate
  ) {
    let root = try PKI.shared.root("Remote Key Root")
    let recipe = CertificateRecipe("/CN=remote", .server).with { $0.key = key }
    let credential = try PKI.shared.issue(recipe, by: root)
    let certificate = try Certificate.all(inPEM: Array(credential.certificatePEM.utf8))[0]
    let block = try PEMBlock.all(in: Array(credential.keyPEM.utf8))[0]
    return (
      certificate, try PrivateKey(pem: block), try Certificate.all(inPEM: Array(root.certificatePEM.utf8))[0]
    )
  }
}

private struct HandshakeSetUpFailed: Error {}

/// Holds the key in this process, and counts signatures.
private final class LocalSigner: RemoteSigner {
  private let key: PrivateKey
  private let counter = Mutex(0)
  var count: Int { counter.withLock { $0 } }

  init(_ key: PrivateKey) { self.key = key }

  func sign(_ message: UnsafeRawBufferPointer, _ scheme: SignatureScheme) -> [UInt8]? {
    counter.withLock { $0 += 1 }
    return try? SigningKey(key).sign(message, scheme)
  }
}

private final class RefusingSigner: RemoteSigner {
  func sign(_ message: UnsafeRawBufferPointer, _ scheme: SignatureScheme) -> [UInt8]? { nil }
}

/// Runs both ends in memory, in turns.
private func handshake(
  certificate: Certificate, key: PrivateKey, root: Certificate, version: Int32
) throws -> String {
  let serverContext = SSL_CTX_new(TLS_server_method())
  let clientContext = SSL_CTX_new(TLS_client_method())
  defer {
    SSL_CTX_free(serverContext)
    SSL_CTX_free(clientContext)
  }
  guard SSL_CTX_use_certificate(serverContext, certificate.pointer) == 1,
    SSL_CTX_use_PrivateKey(serverContext, key.pointer) == 1, SSL_CTX_check_private_key(serverContext) == 1
  else { throw HandshakeSetUpFailed() }
  X509_STORE_add_cert(SSL_CTX_get_cert_store(clientContext), root.pointer)
  SSL_CTX_set_verify(clientContext, SSL_VERIFY_PEER, nil)
  _ = cssl_SSL_CTX_set_min_proto_version(clientContext, version)
  _ = cssl_SSL_CTX_set_max_proto_version(clientContext, version)

  let server = SSL_new(serverContext)
  let client = SSL_new(clientContext)
  defer {
    SSL_free(server)
    SSL_free(client)
  }
  var serverEnd: OpaquePointer?
  var clientEnd: OpaquePointer?
  guard BIO_new_bio_pair(&serverEnd, 65536, &clientEnd, 65536) == 1 else { throw HandshakeSetUpFailed() }
  SSL_set_bio(server, serverEnd, serverEnd)
  SSL_set_bio(client, clientEnd, clientEnd)
  SSL_set_accept_state(server)
  SSL_set_connect_state(client)
  for _ in 0..<10 {
    let clientResult = SSL_do_handshake(client)
    let serverResult = SSL_do_handshake(server)
    if clientResult == 1, serverResult == 1 { return "finished, verify \(SSL_get_verify_result(client))" }
    for (end, result) in [(client, clientResult), (server, serverResult)] where result != 1 {
      let error = SSL_get_error(end, result)
      if error != SSL_ERROR_WANT_READ { return "error \(error): \(OpenSSLError.take("handshake"))" }
    }
  }
  return "no end"
}
