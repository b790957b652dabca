/// Returns `text` with everything that could control a terminal escaped: names in certificates come from strangers.
public func printable(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// Returns a number with what it counts, for example `1 day` or `2 days`.
///
/// - Parameter noun: the noun in the singular; its plural must end in s.
public func counted(_ count: some BinaryInteger, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// Returns rows as lines with columns as wide as their contents, which are made printable.
public func aligned(_ rows: [[String]]) -> [String] {
  let rows = rows.map { $0.map { printable($0) } }
  let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
    return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
  }
}
