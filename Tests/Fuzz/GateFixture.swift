import ClientVerification
import OpenSSL
import SystemCalls
import TestCertificates

/// A certificate with its issuer's key, with which it can be signed again.
struct GateLink: Sendable {
  let certificate: Certificate
  let issuerKey: PrivateKey
}

/// The input of the gate. All keys are Ed25519, whose signatures have a fixed form.
struct GateFixture: Sendable {
  let root: Certificate
  let list: RevocationList
  /// Each from the client's certificate to the one below the root.
  let chains: [[GateLink]]
  let plain: ClientVerifier
  /// Has `list`.
  let strict: ClientVerifier
}

let gateFixture: GateFixture = {
  do { return try GateFixture(PKI.shared) } catch { fatalError("no chains for the gate: \(error)") }
}()

extension GateFixture {
  fileprivate init(_ pki: PKI) throws {
    func recipe(_ name: String, _ role: CertificateRecipe.Role, _ extensions: [String] = []) -> CertificateRecipe {
      CertificateRecipe("/CN=\(name)", role).with {
        $0.key = .ed25519
        $0.extensions = extensions
      }
    }
    let root = try pki.issue(recipe("Root", .authority), by: nil)
    let limits = [
      "nameConstraints = critical, permitted;DNS:example.org", "basicConstraints = critical, CA:TRUE, pathlen:0",
    ]
    let middle = try pki.issue(recipe("Middle", .authority, limits), by: root)
    let revoked = try pki.issue(recipe("revoked", .client), by: root)
    let leaves = try [
      pki.issue(recipe("client", .client), by: root), pki.issue(recipe("server", .server), by: root), revoked,
      pki.issue(recipe("bare", .bare), by: root),
      pki.issue(
        recipe("named", .client, ["subjectAltName = DNS:a.example.org, email:a@example.org, IP:::1"]), by: root),
      pki.issue(recipe("below", .client, ["subjectAltName = DNS:a.example.org"]), by: middle),
    ]
    let pem = try DurableFile.read(pki.revocationList(by: root, revoking: [revoked]), limit: 1 << 20)
    self.root = try certificate(root)
    list = try RevocationList(pem: PEMBlock.all(in: pem)[0])
    chains = try leaves.map { try $0.path.dropLast().map(GateLink.init) }
    plain = try ClientVerifier(roots: [self.root])
    strict = try ClientVerifier(roots: [self.root], revocationLists: [list])
  }
}

extension GateLink {
  fileprivate init(_ credential: Credential) throws {
    certificate = try agentd_fuzz.certificate(credential)
    issuerKey = try PrivateKey(pem: PEMBlock.all(in: Array((credential.issuer ?? credential).keyPEM.utf8))[0])
  }
}

/// Returns the DER of a certificate with the changes from `reader`: of the whole, or of the signed part, with a new signature.
func changed(_ link: GateLink, signedAgain: Bool, _ reader: inout InputReader) throws -> [UInt8] {
  var bytes = link.certificate.der
  if signedAgain { bytes = DER.firstElement(of: bytes) }
  while !reader.isAtEnd {
    let (kind, position, byte) = (reader.byte() % 4, reader.word() % max(bytes.count, 1), UInt8(reader.byte()))
    switch kind {
    case 0, 1: bytes[position] = byte
    case 2: bytes[position] ^= byte
    default: bytes = DER.inserting(byte, into: bytes, at: position)
    }
  }
  guard signedAgain else { return bytes }
  let signature = try bytes.withUnsafeBytes { try SigningKey(link.issuerKey).sign($0, .ed25519) }
  let algorithm: [UInt8] = [0x30, 5, 6, 3, 0x2B, 0x65, 0x70]
  return DER.sequence(bytes + algorithm + [3, UInt8(signature.count + 1), 0] + signature)
}

/// Just enough of X.690 to build input for OpenSSL.
private enum DER {
  static func sequence(_ contents: [UInt8]) -> [UInt8] {
    let (high, low) = (UInt8(contents.count >> 8 & 0xFF), UInt8(contents.count & 0xFF))
    return (contents.count < 0x80 ? [0x30, low] : high == 0 ? [0x30, 0x81, low] : [0x30, 0x82, high, low]) + contents
  }

  /// Returns the first element in a sequence.
  static func firstElement(of sequence: [UInt8]) -> [UInt8] {
    let contents = contents(of: sequence)
    return Array(contents.dropLast(contents.count - bounds(of: contents).upperBound))
  }

  /// Inserts a byte into a sequence and adjusts its length.
  static func inserting(_ byte: UInt8, into element: [UInt8], at position: Int) -> [UInt8] {
    var contents = contents(of: element)
    contents.insert(byte, at: min(position, contents.count))
    return sequence(contents)
  }

  /// Returns the contents of a sequence, or all of it if it is damaged.
  private static func contents(of sequence: [UInt8]) -> [UInt8] { Array(sequence[bounds(of: sequence)]) }

  private static func bounds(of element: [UInt8]) -> Range<Int> {
    let header = element.count < 4 ? 0 : element[1] == 0x82 ? 4 : element[1] == 0x81 ? 3 : 2
    guard header > 0 else { return 0..<element.count }
    let length = header == 2 ? Int(element[1]) : element[2..<header].reduce(0) { $0 << 8 | Int($1) }
    return header..<min(header + length, element.count)
  }
}
