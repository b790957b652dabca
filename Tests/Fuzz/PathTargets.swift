import COpenSSL
import ClientVerification
import Glibc
import OpenSSL
import SystemCalls
import TestCertificates

/// Tangles of up to 40 certificates of a few CAs that have signed each other. An input selects the certificates that a client presents,
/// their order, those in the store, and the time.
let pathTargets = [
  FuzzTarget("paths", atMost: 64, seeds: { pathSeeds }) { input in
    var reader = InputReader(input)
    let (choices, days) = (reader.byte(), Int64(reader.byte() % 3) * 20)
    let indices = reader.remainder().prefix(40).map { Int($0) % pathFixture.tangle.count }
    check(
      pathFixture.leaves[choices % pathFixture.leaves.count], indices.map { pathFixture.tangle[$0] },
      root: choices >> 4 & 1, inStore: choices & 0x80 != 0, at: Int64(time(nil)) + days * 86400)
  }
]

private let pathSeeds: [[UInt8]] = (0..<8).map {
  [UInt8($0) << 4 | UInt8($0), UInt8($0 % 3)] + (0..<40).map { UInt8($0) }
}

private func check(_ leaf: Certificate, _ others: [Certificate], root: Int, inStore: Bool, at time: Int64) {
  guard
    let gate = try? ClientVerifier(
      roots: [pathFixture.roots[root]], intermediates: inStore ? others : [], revocationLists: [])
  else { return promise(false, "a gate can be made of any certificates") }
  let begin = clock()
  let verdict = gate.verify(leaf, presentedIntermediates: inStore ? [] : others, at: time)
  // Ten times the limit without the sanitizer.
  promise(Double(clock() - begin) / Double(CLOCKS_PER_SEC) < 0.5, "a tangle is judged soon")
  switch verdict {
  case .refused(let refusal):
    promise(isOnePrintableLine(refusal.description), "a refusal is one line: \(refusal.description.debugDescription)")
  case .accepted(let chain, _):
    promise(chain.first == leaf && chain.last == pathFixture.roots[root], "a chain goes from the client to the root")
    promise(isValid(chain, at: time), "OpenSSL by itself accepts the way that was found")
  }
}

/// Returns the verdict of X509_verify_cert(3) on a single chain.
private func isValid(_ chain: [Certificate], at time: Int64) -> Bool {
  let (store, context, stack) = (X509_STORE_new(), X509_STORE_CTX_new(), cssl_X509_stack_new())
  defer {
    X509_STORE_CTX_free(context)
    X509_STORE_free(store)
    cssl_X509_stack_free(stack)
    ERR_clear_error()
  }
  X509_STORE_add_cert(store, chain[chain.count - 1].pointer)
  for other in chain.dropFirst().dropLast() { _ = cssl_X509_stack_push(stack, other.pointer) }
  guard X509_STORE_CTX_init(context, store, chain[0].pointer, stack) == 1 else { return false }
  X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(context), X509_PURPOSE_SSL_CLIENT)
  X509_STORE_CTX_set_time(context, 0, time_t(time))
  return X509_verify_cert(context) == 1
}

private struct PathFixture: Sendable {
  let roots: [Certificate]
  let tangle: [Certificate]
  let leaves: [Certificate]
}

private let pathFixture: PathFixture = {
  do { return try PathFixture(PKI.shared) } catch { fatalError("no certificates for paths: \(error)") }
}()

extension PathFixture {
  /// Six CAs, two with each name, with key identifiers; every second one also has certificates that expire in between or are constrained.
  init(_ pki: PKI) throws {
    func recipe(_ index: Int, _ variant: Int = 0) -> CertificateRecipe {
      CertificateRecipe("/CN=CA \(index / 2)", .authority).with {
        $0.key = .ed25519
        $0.variant = index % 2
        if variant == 1 { ($0.notBefore, $0.notAfter) = (-864_000, 10 * 86400) }
        if variant == 2 { $0.extensions = ["nameConstraints = critical, excluded;DNS:client.example"] }
      }
    }
    let cores = try (0..<6).map { try pki.issue(recipe($0), by: nil) }
    var crossed: [Credential] = []
    for (signer, issuer) in cores.enumerated() {
      for (index, other) in cores.enumerated() where index != signer && crossed.count < 34 {
        crossed.append(try pki.issue(recipe(index, (signer + index) % 3), by: issuer, withKeyOf: other))
      }
    }
    let leaves = try cores.map {
      try pki.issue(
        CertificateRecipe("/CN=client", .client).with {
          $0.key = .ed25519
          $0.extensions = ["subjectAltName = DNS:client.example"]
        }, by: $0)
    }
    self.roots = try cores.prefix(2).map(certificate)
    tangle = try (cores + crossed).map(certificate)
    self.leaves = try leaves.map(certificate)
  }
}
