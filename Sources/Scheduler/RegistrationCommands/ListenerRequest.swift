import OpenSSL

/// A valid request for a listener certificate: its author has the key, and the key is strong enough.
///
/// Which names the certificate gets is decided elsewhere.
struct ListenerRequest {
  /// The maximum size of a request in bytes, PEM or DER.
  static let maximumBytes = 16384
  /// The maximum number of alternative names in a request.
  static let maximumNames = 64

  let key: PublicKey
  /// The only common name, if there is one.
  let commonName: String?
  let alternativeNames: [AlternativeName]

  /// Checks a request.
  init(_ request: CertificateRequest) throws(RequestRefusal) {
    guard let key = request.publicKey, key.canSign else { throw .unusableKey(request.publicKey?.keyDescription) }
    // As for every certificate that the gate admits.
    guard key.securityBits >= 112 else { throw .weakKey(key.keyDescription) }
    guard request.isSignedWithItsKey else { throw .notSigned }
    guard request.commonNames.count <= 1 else { throw .severalCommonNames(request.commonNames.count) }
    guard let names = request.alternativeNames else { throw .unreadableNames }
    guard names.count <= Self.maximumNames else { throw .tooManyNames(names.count) }
    for name in [request.commonNames.first.map { .dns($0) }].compactMap(\.self) + names where !Self.isAllowed(name) {
      throw .foreignName(name)
    }
    self.key = key
    commonName = request.commonNames.first
    alternativeNames = names
  }

  /// Parses a file or a body: PEM with one request, or DER.
  init(contents: [UInt8]) throws(RequestRefusal) {
    if contents.count > Self.maximumBytes { throw .tooLarge }
    try self.init(try Self.request(in: contents))
  }

  private static func request(in contents: [UInt8]) throws(RequestRefusal) -> CertificateRequest {
    do {
      guard contents.starts(with: [0x30]) else {
        let blocks = try PEMBlock.all(in: contents, limit: 16).filter { $0.label.hasSuffix("CERTIFICATE REQUEST") }
        guard blocks.count == 1 else { throw RequestRefusal.notOne(blocks.count) }
        return try CertificateRequest(pem: blocks[0])
      }
      return try CertificateRequest(der: contents)
    } catch let refusal as RequestRefusal {
      throw refusal
    } catch {
      throw .damaged("\(error)")
    }
  }

  private static func isAllowed(_ name: AlternativeName) -> Bool {
    switch name {
    case .dns(let name): HostName.isOne(name)
    case .address(let address): HostName.isAddress(address)
    case .email, .uri, .other: false
    }
  }

  /// All requested names without duplicates, the common name first.
  var names: [AlternativeName] {
    var names = commonName.map { [AlternativeName.dns($0)] } ?? []
    for name in alternativeNames where !names.contains(where: { $0.isSame(as: name) }) { names.append(name) }
    return names
  }
}

extension AlternativeName {
  /// Returns whether both refer to the same host: DNS names are compared ignoring case.
  func isSame(as other: AlternativeName) -> Bool {
    switch (self, other) {
    case (.dns(let own), .dns(let other)): own.lowercased() == other.lowercased()
    default: self == other
    }
  }
}

/// The reason why nothing is issued for a request.
enum RequestRefusal: Error, Equatable, CustomStringConvertible {
  case tooLarge
  case notOne(Int)
  case damaged(String)
  case notSigned
  case unusableKey(String?)
  case weakKey(String)
  case severalCommonNames(Int)
  case unreadableNames
  case tooManyNames(Int)
  case foreignName(AlternativeName)

  var description: String {
    switch self {
    case .tooLarge: "is larger than \(ListenerRequest.maximumBytes) bytes; a certificate request is smaller"
    case .notOne(0): "holds no certificate request; make one with: jams-register -R -n NAME -o request.pem"
    case .notOne(let count): "holds \(count) certificate requests; give one at a time"
    case .damaged(let fact): "is not a certificate request, or is damaged: \(fact)"
    case .notSigned: "the request is not signed with its own key: it was altered, or made for somebody else's key"
    case .unusableKey(let kind):
      "the request is for a key \(kind.map { "of type \($0)" } ?? "that cannot be read"); use RSA, P-256, P-384, P-521 "
        + "or Ed25519"
    case .weakKey(let kind):
      "the request is for a weak key (\(kind)); it needs at least 112 bits of strength, such as P-256 or RSA 2048"
    case .severalCommonNames(let count): "the request has \(count) common names; one is allowed"
    case .unreadableNames: "the alternative names of the request cannot be read"
    case .tooManyNames(let count):
      "the request has \(count) alternative names; at most \(ListenerRequest.maximumNames) are allowed"
    case .foreignName(let name):
      "the request asks for the name \("\(name)".debugDescription); only host names and addresses are allowed"
    }
  }
}
