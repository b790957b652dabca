import OpenSSL

/// Every issuer is a CA: version 3, basic constraints `CA:TRUE`, and a key usage, if any, that allows issuing.
struct Authorities: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    if let finding = candidate.finding(.notAnAuthority) {
      return .notAnAuthority(candidate.link(finding), version: candidate.certificate(finding).version)
    }
    return candidate.chain.dropFirst().first { !$0.isCA }.map {
      .notAnAuthority(Link($0, isClient: false), version: $0.version)
    }
  }
}
