import Values

/// The revocation lists that an enrolment service publishes beside EST: one resource for each root, which anybody may read.
///
/// A list is signed and public. The entity tag is its thumbprint, so a client that has a list knows the tag.
public enum RevocationListResource {
  /// The media type (RFC 5280 section 4.2.1.13): the list in DER.
  public static let mediaType = "application/pkix-crl"
  private static let beginning = "/crl/"
  private static let end = ".crl"

  /// Returns the path of the list of the root with this thumbprint.
  public static func path(of root: Thumbprint) -> String { "\(beginning)\(root)\(end)" }

  /// Returns the root whose list has this path; `nil` for any other path.
  public static func root(in path: String) -> Thumbprint? {
    guard path.utf8.starts(with: beginning.utf8),
      let root = Thumbprint(String(path.dropFirst(beginning.count).prefix(64))),
      path.utf8.elementsEqual(Self.path(of: root).utf8)
    else { return nil }
    return root
  }

  /// Returns the entity tag (RFC 9110 section 8.8.3) of a list.
  public static func tag(of list: Thumbprint) -> String { "\"\(list)\"" }

  /// Returns whether one of the values of If-None-Match has the tag of this list.
  public static func matches(_ values: [String], _ list: Thumbprint) -> Bool {
    let own = tag(of: list)
    return values.contains { value in
      value.split(separator: ",").contains { $0.utf8.filter { $0 != 0x20 && $0 != 0x09 }.elementsEqual(own.utf8) }
    }
  }
}
