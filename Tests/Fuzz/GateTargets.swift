import COpenSSL
import ClientVerification
import Glibc
import OpenSSL

/// Chains that were valid until they were changed. An input selects the chain and certificate, whether the certificate is signed again by
/// its issuer (so that the change itself is verified and not only the signature), with or without a revocation list, the time, and the
/// changes.
let gateTargets = [
  FuzzTarget("gate", atMost: 256, seeds: { gateSeeds }) { input in
    var reader = InputReader(input)
    let chain = gateFixture.chains[reader.byte() % gateFixture.chains.count]
    let (target, choices, days) = (reader.byte() % chain.count, reader.byte(), Int64(reader.byte() % 4) * 20)
    let certificates = try chain.indices.map { index in
      let link = chain[index]
      return try Certificate(
        der: index == target ? changed(link, signedAgain: choices & 1 == 1, &reader) : link.certificate.der)
    }
    check(certificates, at: Int64(time(nil)) + days * 86400, withList: choices & 2 == 2)
  }
]

private let gateSeeds: [[UInt8]] = (0..<6).flatMap { chain in
  (0..<2).flatMap { target in (0..<4).map { [chain, target, $0, 0, 0, 0, 40 &+ chain &* 9, 1] as [UInt8] } }
}

private func check(_ certificates: [Certificate], at time: Int64, withList: Bool) {
  let gate = withList ? gateFixture.strict : gateFixture.plain
  let others = Array(certificates.dropFirst())
  // Twice: returning clients are remembered.
  for _ in 0..<2 {
    switch gate.verify(certificates[0], presentedIntermediates: others, at: time) {
    case .refused(let refusal):
      promise(isOnePrintableLine(refusal.description), "a refusal is one line: \(refusal.description.debugDescription)")
    case .accepted(let chain, let identity):
      promise(
        chain.first == certificates[0] && chain.last == gateFixture.root, "a chain goes from the client to the root")
      promise(identity.thumbprint == certificates[0].sha256Thumbprint, "a client is who it showed")
      let code = secondOpinion(certificates[0], others, at: time, withList: withList)
      promise(code == X509_V_OK, "the gate lets in nobody whom OpenSSL refuses, here with error \(code)")
    }
  }
}

/// Returns the verdict of X509_verify_cert(3) with the same root, without any of our code.
private func secondOpinion(_ leaf: Certificate, _ others: [Certificate], at time: Int64, withList: Bool) -> Int32 {
  let (store, context, stack) = (X509_STORE_new(), X509_STORE_CTX_new(), cssl_X509_stack_new())
  defer {
    X509_STORE_CTX_free(context)
    X509_STORE_free(store)
    cssl_X509_stack_free(stack)
    ERR_clear_error()
  }
  X509_STORE_add_cert(store, gateFixture.root.pointer)
  if withList { X509_STORE_add_crl(store, gateFixture.list.pointer) }
  for other in others { _ = cssl_X509_stack_push(stack, other.pointer) }
  guard X509_STORE_CTX_init(context, store, leaf.pointer, stack) == 1 else { return -1 }
  let parameters = X509_STORE_CTX_get0_param(context)
  X509_VERIFY_PARAM_set_auth_level(parameters, 2)
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT)
  X509_VERIFY_PARAM_set_time(parameters, time_t(time))
  if withList {
    X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
    // An issuer without a list revokes nothing.
    X509_STORE_CTX_set_verify_cb(context) { isGood, context in
      isGood == 1 || X509_STORE_CTX_get_error(context) == X509_V_ERR_UNABLE_TO_GET_CRL ? 1 : 0
    }
  }
  return X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context)
}
