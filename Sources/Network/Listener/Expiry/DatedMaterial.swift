import OpenSSL
import Values

/// What of a listener's material has an end: the certificates that are in use, and the revocation lists.
struct DatedMaterial: Sendable {
  /// What has an end.
  enum Kind: String {
    case listener, root, intermediate
    case revocationList = "revocation_list"
  }

  /// One certificate or list.
  struct Item: Sendable {
    var kind: Kind
    /// Whom a certificate is about, or who issued a list.
    var subject: String
    var thumbprint: Thumbprint
    /// Seconds since the epoch.
    var begin: Int64
    /// Seconds since the epoch; nil for a list that does not say.
    var end: Int64?
  }

  var items: [Item] = []
  /// Whether clients of an issuer whose list is out of date are let in.
  var acceptsExpiredLists = false

  /// No material.
  init() {}

  /// What is in use: the listener's certificate, the roots, the CAs between, the lists. Left out are certificates of CAs whose
  /// key has another certificate here that is valid longer: what expires with them is not missed.
  init(own: Certificate, _ trust: Trust) {
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
