import OpenSSL

/// The client's names mean the same to every reader: no NUL within, valid in their encoding, one common name at most.
struct StrictNames: ClientRule {
  func breach(_ candidate: Candidate) -> Breach? {
    switch candidate.leaf.nameFault {
    case .embeddedNUL: .ambiguousName(detail: "a NUL character within it")
    case .brokenEncoding: .ambiguousName(detail: "its bytes are not in the encoding they claim")
    case .severalCommonNames: .ambiguousName(detail: "several common names")
    case nil: nil
    }
  }
}
