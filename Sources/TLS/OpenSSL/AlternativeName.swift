import COpenSSL
import Glibc

/// A subject alternative name of a certificate (RFC 5280 section 4.2.1.6).
public enum AlternativeName: Hashable, Sendable, CustomStringConvertible {
  /// A host name.
  case dns(String)
  /// An IPv4 or IPv6 address in its usual notation.
  case address(String)
  /// A mail address.
  case email(String)
  /// A URI.
  case uri(String)
  /// A name of another form, which is not parsed.
  case other

  /// The name in the format of openssl(1): `DNS:host`, `IP:192.0.2.1`, `email:a@b`, `URI:urn:x`.
  public var description: String {
    switch self {
    case .dns(let name): "DNS:\(name)"
    case .address(let address): "IP:\(address)"
    case .email(let address): "email:\(address)"
    case .uri(let uri): "URI:\(uri)"
    case .other: "other name"
    }
  }

  /// The name without its prefix; empty for `other`.
  public var value: String {
    switch self {
    case .dns(let value), .address(let value), .email(let value), .uri(let value): value
    case .other: ""
    }
  }
}

extension Certificate {
  /// The subject alternative names, in order; empty if the extension is absent or unreadable.
  public var subjectAlternativeNames: [AlternativeName] {
    guard let raw = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else { return [] }
    let names = OpaquePointer(raw)
    defer { GENERAL_NAMES_free(names) }
    return AlternativeName.all(in: names)
  }
}

extension AlternativeName {
  /// Returns the names in an OpenSSL list, in order.
  static func all(in names: OpaquePointer) -> [AlternativeName] {
    (0..<cssl_GENERAL_NAME_stack_count(names)).compactMap { index in
      cssl_GENERAL_NAME_stack_at(names, index).map { AlternativeName($0) }
    }
  }

  init(_ name: UnsafeMutablePointer<GENERAL_NAME>) {
    var type: Int32 = 0
    guard let value = GENERAL_NAME_get0_value(name, &type)?.assumingMemoryBound(to: ASN1_STRING.self) else {
      self = .other
      return
    }
    switch type {
    case GEN_DNS: self = .dns(String(decoding: ASN1Text.bytes(value), as: UTF8.self))
    case GEN_EMAIL: self = .email(String(decoding: ASN1Text.bytes(value), as: UTF8.self))
    case GEN_URI: self = .uri(String(decoding: ASN1Text.bytes(value), as: UTF8.self))
    case GEN_IPADD: self = Self.address(ASN1Text.bytes(value))
    default: self = .other
    }
  }

  private static func address(_ bytes: [UInt8]) -> AlternativeName {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard bytes.count == 4 || bytes.count == 16,
      inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil
    else { return .other }
    return .address(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
