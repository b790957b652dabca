import COpenSSL

/// Finds the paths from a certificate to roots (RFC 4158), which OpenSSL then checks one by one.
///
/// X509_verify_cert(3) takes the first issuer whose name matches and never backtracks, so it misses a valid path beside a broken one. Only
/// certificates whose signatures lead to one of the roots are examined: certificates that strangers make up cost nothing, whatever they
/// look like.
public struct PathSearch {
  /// The maximum number of paths that are returned.
  public static let maximumPaths = 16
  /// The maximum number of signatures checked in one search.
  public static let maximumSignatureChecks = 100
  /// The maximum number of certificates that, by their names, may be issuers.
  private static let maximumCertificates = 256
  /// The maximum number of steps along valid signatures.
  private static let maximumSteps = 4096

  private let certificates: [Certificate]
  private let rootCount: Int
  private let maximumLength: Int
  private let time: Int64
  /// The issuers of each certificate, best first; the last entry is for the leaf.
  private var issuers: [[Int]]

  /// Returns the paths from `leaf`, at most `maximumPaths`, those without an expired certificate first.
  ///
  /// - Parameters:
  ///   - others: possible issuers, in any order.
  ///   - roots: the certificates where a path may end.
  ///   - maximumLength: the maximum number of certificates in a path, both ends included.
  ///   - time: seconds since the epoch.
  public static func paths(
    from leaf: Certificate, others: [Certificate], roots: [Certificate], maximumLength: Int, at time: Int64
  ) -> [[Certificate]] {
    defer { ERR_clear_error() }
    if roots.contains(leaf) { return [[leaf]] }
    let search = PathSearch(leaf, others, roots, maximumLength, time)
    var found: [[Int]] = []
    var steps = 0
    for onlyGood in [true, false] where found.count < maximumPaths {
      search.extend([search.certificates.count - 1], onlyGood: onlyGood, &found, &steps)
    }
    return found.map { $0.map { search.certificates[$0] } }
  }

  /// Returns the paths from `leaf` to any self-signed certificate among `known`; otherwise as above.
  public static func paths(
    from leaf: Certificate, amongSelfSigned known: [Certificate], maximumLength: Int, at time: Int64
  ) -> [[Certificate]] {
    let isRoot = known.map(\.isSelfSigned)
    return paths(
      from: leaf, others: zip(known, isRoot).filter { !$0.1 }.map(\.0),
      roots: zip(known, isRoot).filter(\.1).map(\.0), maximumLength: maximumLength, at: time)
  }

  private init(
    _ leaf: Certificate, _ others: [Certificate], _ roots: [Certificate], _ maximumLength: Int, _ time: Int64
  ) {
    self.maximumLength = maximumLength
    self.time = time
    let structure = Structure(leaf, others, roots, limit: Self.maximumCertificates)
    certificates = structure.certificates
    rootCount = structure.rootCount
    issuers = structure.certificates.map { _ in [] }
    verify(structure)
  }

  /// Checks signatures from the roots down, level by level, so that the shortest paths are found first.
  private mutating func verify(_ structure: Structure) {
    var level = Array(0..<rootCount)
    var isReached = Set(level)
    var checks = 0
    while !level.isEmpty {
      var next: [Int] = []
      for issuer in level.sorted(by: isBetter) {
        // The leaf first: the search is about it.
        for index in structure.issued[issuer].reversed() where checks < Self.maximumSignatureChecks {
          checks += 1
          guard certificates[index].isSigned(by: certificates[issuer]) else { continue }
          issuers[index].append(issuer)
          if isReached.insert(index).inserted { next.append(index) }
        }
      }
      level = next
    }
    for index in issuers.indices { issuers[index].sort(by: isBetter) }
  }

  private func extend(_ path: [Int], onlyGood: Bool, _ found: inout [[Int]], _ steps: inout Int) {
    let last = path[path.count - 1]
    if last < rootCount {
      if !found.contains(path) { found.append(path) }
      return
    }
    if path.count == maximumLength { return }
    for issuer in issuers[last] where !path.contains(issuer) && (!onlyGood || isGood(issuer)) {
      steps += 1
      if found.count == Self.maximumPaths || steps > Self.maximumSteps { return }
      extend(path + [issuer], onlyGood: onlyGood, &found, &steps)
    }
  }

  private func isBetter(_ one: Int, _ other: Int) -> Bool {
    let (first, second) = (isGood(one), isGood(other))
    return first != second ? first : one < other
  }

  private func isGood(_ index: Int) -> Bool {
    let certificate = certificates[index]
    return certificate.isCA && certificate.notBefore <= time && time <= certificate.notAfter
  }
}

/// Which certificates may have issued which, by names and key identifiers, as far as relevant for one certificate.
private struct Structure {
  /// Roots, then others, then the leaf.
  let certificates: [Certificate]
  let rootCount: Int
  /// For each certificate, those that it may have issued.
  let issued: [[Int]]

  init(_ leaf: Certificate, _ others: [Certificate], _ roots: [Certificate], limit: Int) {
    let pool = roots.map { ($0, isRoot: true) } + others.map { ($0, isRoot: false) }
    var ancestors: [(certificate: Certificate, isRoot: Bool)] = []
    var links: [(issuer: Int, issued: Int)] = []
    var queue: [(Certificate, index: Int)] = [(leaf, -1)]
    while let (certificate, index) = queue.popLast() {
      for (candidate, isRoot) in pool where certificate.canBeIssued(by: candidate) && candidate != leaf {
        if let known = ancestors.firstIndex(where: { $0.certificate == candidate }) {
          if !links.contains(where: { $0 == (known, index) }) { links.append((known, index)) }
        } else if ancestors.count < limit {
          ancestors.append((candidate, isRoot))
          links.append((ancestors.count - 1, index))
          if !isRoot { queue.append((candidate, ancestors.count - 1)) }
        }
      }
    }
    (certificates, rootCount, issued) = Self.sorted(ancestors, links, leaf)
  }

  private static func sorted(
    _ ancestors: [(certificate: Certificate, isRoot: Bool)], _ links: [(issuer: Int, issued: Int)], _ leaf: Certificate
  ) -> ([Certificate], Int, [[Int]]) {
    let order = ancestors.indices.filter { ancestors[$0].isRoot } + ancestors.indices.filter { !ancestors[$0].isRoot }
    var place = [Int](repeating: 0, count: order.count)
    for (new, old) in order.enumerated() { place[old] = new }
    var issued = [[Int]](repeating: [], count: order.count + 1)
    for link in links { issued[place[link.issuer]].append(link.issued < 0 ? order.count : place[link.issued]) }
    for index in issued.indices { issued[index].sort() }
    return (order.map { ancestors[$0].certificate } + [leaf], ancestors.count { $0.isRoot }, issued)
  }
}

extension Certificate {
  /// Returns whether names and key identifiers of `issuer` match; checks neither the signature nor whether `issuer` is a CA.
  package func canBeIssued(by issuer: Certificate) -> Bool {
    issuer != self && mayHaveIssued(issuer.pointer, pointer)
  }

  /// Returns whether the key of `issuer` made the signature; does not compare names.
  package func isSigned(by issuer: Certificate) -> Bool {
    guard let key = X509_get0_pubkey(issuer.pointer) else { return false }
    return X509_verify(pointer, key) == 1
  }
}

/// Returns whether names and key identifiers match. An issuer that may not sign certificates is a fault of the path to report, and not a
/// missing issuer: OpenSSL's own callback ignores the key usage, X509_check_issued(3) checks it last.
func mayHaveIssued(_ issuer: OpaquePointer, _ certificate: OpaquePointer) -> Bool {
  [X509_V_OK, X509_V_ERR_KEYUSAGE_NO_CERTSIGN].contains(X509_check_issued(issuer, certificate))
}
