import Values

extension Thumbprint {
  /// Creates a thumbprint that repeats two hex digits 32 times.
  public init(repeating digits: String) { self.init(String(repeating: digits, count: 32))! }
}
