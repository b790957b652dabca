import Values

/// A code with which an agent enrols once: a secret, of which the enrolment service stores only the digest, and the first digits of the
/// thumbprint of the root that the agent may trust. Shown as `XXXXX-XXXXX-XXXXX-XXXXX.` and 32 hex digits.
public struct EnrolmentCode: Equatable, Sendable {
  /// The secret: 20 characters of `alphabet`, that is, 100 bits.
  public let secret: String
  /// The first 32 digits of the root's SHA-256 thumbprint, in lower case. With 128 bits, nobody can create another root with the same
  /// digits.
  public let rootBeginning: String

  /// Crockford's base 32: digits and capital letters, without those that look alike.
  static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
  private static let secretLength = 20
  private static let beginningLength = 32
  /// The maximum length of a text that is parsed, in bytes.
  public static let maximumLength = 256

  /// Creates a new code.
  public init(root: Thumbprint) {
    var random = SystemRandomNumberGenerator()
    secret = String((0..<Self.secretLength).map { _ in Self.alphabet[Int.random(in: 0..<32, using: &random)] })
    rootBeginning = String(root.description.prefix(Self.beginningLength))
  }

  /// Parses a code as shown, in upper or lower case, with or without hyphens and spaces; returns `nil` for anything else.
  public init?(_ text: String) {
    guard text.utf8.count <= Self.maximumLength else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let secret = Self.secret(in: parts[0]) else { return nil }
    let digits = parts[1].filter { !" -:".contains($0) }.lowercased()
    guard digits.utf8.count == Self.beginningLength, digits.utf8.allSatisfy({ hexDigit($0) != nil }) else {
      return nil
    }
    self.secret = secret
    rootBeginning = digits
  }

  /// Returns the secret in a complete code or in its part before the dot; `nil` if there is none. Characters that look alike are the same:
  /// O and 0; I, L and 1.
  public static func secret(in text: some StringProtocol) -> String? {
    guard text.utf8.count <= maximumLength else { return nil }
    let letters = text.prefix { $0 != "." }.uppercased().filter { !" -".contains($0) }.map { letter -> Character in
      switch letter {
      case "O": "0"
      case "I", "L": "1"
      default: letter
      }
    }
    guard letters.count == secretLength, letters.allSatisfy(alphabet.contains) else { return nil }
    return String(letters)
  }

  /// Returns whether the code is for the root with this thumbprint.
  public func isOfRoot(_ thumbprint: Thumbprint) -> Bool {
    thumbprint.description.utf8.starts(with: rootBeginning.utf8)
  }

  /// The code as shown to people.
  public var text: String {
    let groups = stride(from: 0, to: Self.secretLength, by: 5).map { start in
      String(secret.dropFirst(start).prefix(5))
    }
    return "\(groups.joined(separator: "-")).\(rootBeginning)"
  }
}
