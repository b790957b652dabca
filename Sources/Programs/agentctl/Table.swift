import Wording

/// A table with columns as wide as their contents.
enum Table {
  /// Returns a line for the titles and one for each row, or no lines if there are no rows. The last column has no maximum width.
  static func lines(_ titles: [String], _ rows: [[String]]) -> [String] {
    if rows.isEmpty { return [] }
    let all = ([titles] + rows).map { $0.map(printable) }
    let widths = titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = zip(row, widths).map { text, width in text + String(repeating: " ", count: width - text.count) }
      return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
  }
}
