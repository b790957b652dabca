import COpenSSL

/// The name constraints of a CA (RFC 5280 section 4.2.1.10), for the checks that OpenSSL does not make.
///
/// These need to know which kinds of names are constrained, and what is excluded.
package final class CertificateNameConstraints {
  private let pointer: UnsafeMutablePointer<NAME_CONSTRAINTS>

  /// Returns `nil` for a certificate without readable constraints.
  package init?(of certificate: Certificate) {
    guard let raw = X509_get_ext_d2i(certificate.pointer, NID_name_constraints, nil, nil) else {
      ERR_clear_error()
      return nil
    }
    pointer = raw.assumingMemoryBound(to: NAME_CONSTRAINTS.self)
  }

  deinit { NAME_CONSTRAINTS_free(pointer) }

  /// Whether there are no constraints, or one of the two lists is present but empty.
  package var isEmpty: Bool {
    let (permitted, excluded) = (pointer.pointee.permittedSubtrees, pointer.pointee.excludedSubtrees)
    if permitted == nil, excluded == nil { return true }
    return [permitted, excluded].contains { $0 != nil && cssl_GENERAL_SUBTREE_stack_count($0) == 0 }
  }

  /// Returns why a name is ambiguous under these constraints and so cannot be checked against them; `nil` if it is not ambiguous.
  package func fault(of name: AlternativeName) -> String? {
    switch name {
    case .dns(let host):
      guard isAbout(GEN_DNS) else { return nil }
      if !ConstrainedName.isHost(host, mayHaveWildcard: true) { return "\(name) is not a host name" }
      return excludedHosts.contains { ConstrainedName.wildcard(host, covers: $0) }
        ? "\(name) stands for excluded names, too" : nil
    case .email(let address):
      return isAbout(GEN_EMAIL) && !ConstrainedName.isMailbox(address) ? "\(name) is not a mail address" : nil
    case .uri(let uri):
      return isAbout(GEN_URI) && !ConstrainedName.hasPlainHost(uri) ? "\(name) has no plain host" : nil
    case .address, .other: return nil
    }
  }

  private var subtrees: [UnsafeMutablePointer<GENERAL_SUBTREE>] {
    Self.all(pointer.pointee.permittedSubtrees) + Self.all(pointer.pointee.excludedSubtrees)
  }

  private func isAbout(_ kind: Int32) -> Bool { subtrees.contains { $0.pointee.base?.pointee.type == kind } }

  private var excludedHosts: [String] {
    Self.all(pointer.pointee.excludedSubtrees).compactMap { subtree in
      guard let base = subtree.pointee.base, case .dns(let host) = AlternativeName(base) else { return nil }
      return host
    }
  }

  private static func all(_ list: OpaquePointer?) -> [UnsafeMutablePointer<GENERAL_SUBTREE>] {
    (0..<cssl_GENERAL_SUBTREE_stack_count(list)).compactMap { cssl_GENERAL_SUBTREE_stack_at(list, $0) }
  }
}

/// The forms of names that constraints can be applied to.
enum ConstrainedName {
  /// Returns whether `text` consists of labels of letters, digits, hyphens and underscores; the first may contain a wildcard.
  static func isHost(_ text: String, mayHaveWildcard: Bool = false) -> Bool {
    let labels = labels(text)
    guard text.utf8.count <= 253, !labels.isEmpty else { return false }
    return labels.enumerated().allSatisfy { index, label in
      (1...63).contains(label.count)
        && label.allSatisfy {
          isLetterOrDigit($0) || "-_".utf8.contains($0) || (mayHaveWildcard && index == 0 && $0 == star)
        }
    }
  }

  /// Returns whether the wildcard name `host` can stand for the name `base` itself, which a comparison of endings misses.
  static func wildcard(_ host: String, covers base: String) -> Bool {
    let (labels, excluded) = (labels(lowercased(host)), labels(lowercased(base)).drop { $0.isEmpty })
    guard let first = labels.first, first.contains(star) else { return false }
    return excluded.count == labels.count && excluded.dropFirst().elementsEqual(labels.dropFirst())
  }

  /// Returns whether `text` is a local part of plain words and a host (RFC 5321 section 4.1.2).
  ///
  /// Quoted local parts are not compared with constraints but refused.
  static func isMailbox(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2, let host = String(parts[1]), isHost(host) else { return false }
    return parts[0].count <= 64
      && parts[0].split(separator: dot, omittingEmptySubsequences: false).allSatisfy { word in
        !word.isEmpty && word.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
      }
  }

  /// Returns whether `text` is `scheme://host` with an optional port, and nothing before the host that could be mistaken for it.
  static func hasPlainHost(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[..<colon].allSatisfy(isSchemeByte), colon > 0,
      bytes[(colon + 1)...].starts(with: "//".utf8)
    else { return false }
    let authority = bytes[(colon + 3)...].prefix { !"/?#".utf8.contains($0) }
    let parts = authority.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard let host = parts.first.map({ String(decoding: $0, as: UTF8.self) }), isHost(host), parts.count <= 2 else {
      return false
    }
    // A numeric last label belongs to an address.
    return !(labels(host).last ?? []).allSatisfy(isDigit)
      && (parts.count == 1 || (1...5).contains(parts[1].count) && parts[1].allSatisfy(isDigit))
  }

  private static let star = UInt8(ascii: "*")
  private static let dot = UInt8(ascii: ".")

  private static func labels(_ text: String) -> [[UInt8]] {
    text.utf8.split(separator: dot, omittingEmptySubsequences: false).map(Array.init)
  }

  private static func lowercased(_ text: String) -> String {
    String(decoding: text.utf8.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }

  private static func isSchemeByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "+-.".utf8.contains(byte) }
}

extension Certificate {
  /// All names that the issuers' constraints apply to.
  ///
  /// These are the alternative names, the mail addresses of the subject and, if no alternative name is a host, the common names with a
  /// wildcard that could be one.
  package var constrainedNames: [AlternativeName] {
    let alternatives = subjectAlternativeNames
    let hasHost = alternatives.contains { if case .dns = $0 { true } else { false } }
    let hosts =
      hasHost ? [] : commonNames.filter { ConstrainedName.isHost($0, mayHaveWildcard: true) && $0.utf8.contains(0x2a) }
    return alternatives + mailAddresses.map { .email($0) } + hosts.map { .dns($0) }
  }

  private var mailAddresses: [String] {
    DistinguishedName.values(NID_pkcs9_emailAddress, of: X509_get_subject_name(pointer))
  }
}
