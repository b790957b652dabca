import OpenSSL

/// The client's names mean the same to every reader: no embedded NUL, a valid encoding.
///
/// Several common names are unambiguous, as Active Directory's subjects have them: a rule compares the whole subject.
struct StrictNames: ClientRule {
  func breach(at depth: Int, of candidate: Candidate) -> Breach? {
    guard depth == 0 else { return nil }
    return switch candidate.leaf.nameFault {
    case .embeddedNUL: .ambiguousName(detail: "it contains a NUL character")
    case .brokenEncoding: .ambiguousName(detail: "its bytes are not valid in its encoding")
    case nil: nil
    }
  }
}
