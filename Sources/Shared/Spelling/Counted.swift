/// A number with what it counts, for example `1 day` or `2 days`.
///
/// - Parameter noun: in the singular; the plural ends in s.
public func counted(_ count: some BinaryInteger, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}
