import Values

extension Thumbprint {
  /// Made of the same two hex digits 32 times.
  public init(repeating digits: String) { self.init(String(repeating: digits, count: 32))! }
}
