import OpenSSL
import Values

/// The parts of a listener's material that expire: the certificates in use and the revocation lists.
struct DatedMaterial: Sendable {
  /// A kind of material that expires.
  enum Kind: String {
    case listener, root, intermediate
    case revocationList = "revocation_list"
  }

  /// A certificate or revocation list.
  struct Item: Sendable {
    var kind: Kind
    /// The subject of a certificate, or the issuer of a list.
    var subject: String
    var thumbprint: Thumbprint
    /// Seconds since the epoch.
    var begin: Int64
    /// Seconds since the epoch; `nil` for a list without nextUpdate.
    var end: Int64?
  }

  var items: [Item] = []
  /// Whether clients are accepted if their issuer's revocation list has expired.
  var acceptsExpiredLists = false
  /// When agentd renews the listener's certificate, in seconds since the epoch; `nil` if it does not.
  var renewAt: Int64?

  /// Creates an empty value.
  init() {}

  /// Collects what is in use: the listener's certificate, the roots, the intermediates, the revocation lists.
  ///
  /// Omits a CA certificate if another one here has the same key and expires later: nobody misses it when it expires.
  init(own: Certificate, _ trust: Trust, renewAt: Timestamp? = nil) {
    self.renewAt = renewAt?.seconds
    acceptsExpiredLists = trust.acceptsExpiredLists
    let authorities = trust.certificates.filter(\.isCA)
    items = [Item(own, .listener)]
    items += Self.lasting(trust.roots, own).map { Item($0, .root) }
    items += Self.lasting(authorities, own).map { Item($0, .intermediate) }
    items += trust.revocationLists.map { Item($0) }
  }

  private static func lasting(_ authorities: [Certificate], _ own: Certificate) -> [Certificate] {
    authorities.filter { one in
      one != own && !authorities.contains { $0.notAfter > one.notAfter && $0.isRenewal(of: one) }
    }
  }
}

extension DatedMaterial.Item {
  fileprivate init(_ certificate: Certificate, _ kind: DatedMaterial.Kind) {
    self.init(
      kind: kind, subject: certificate.subject, thumbprint: certificate.sha256Thumbprint, begin: certificate.notBefore,
      end: certificate.notAfter)
  }

  fileprivate init(_ list: RevocationList) {
    self.init(
      kind: .revocationList, subject: list.issuer, thumbprint: list.sha256Thumbprint, begin: list.thisUpdate,
      end: list.nextUpdate)
  }
}
