import Glibc
import Wording

/// A table with columns as wide as their contents, cut to the width of the terminal.
enum Table {
  /// The narrowest that a column is made to fit the terminal.
  private static let narrowest = 8

  /// Returns a line for the titles and one for each row, or no lines if there are no rows.
  ///
  /// - Parameters:
  ///   - width: the maximum width of a line; nil for any.
  ///   - colours: the column whose cells are coloured, and a cell's colour.
  static func lines(
    _ titles: [String], _ rows: [[String]], width: Int? = Screen.output.width,
    colours: (column: Int, of: (Int) -> Colour?)? = nil
  ) -> [String] {
    if rows.isEmpty { return [] }
    let all = ([titles] + rows).map { $0.map(printable) }
    let widths = fitted(titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }, to: width)
    return all.enumerated().map { index, row in
      var cells = zip(row, widths).map { text, width in
        text.count > width
          ? text.prefix(width - 1) + "…" : text + String(repeating: " ", count: width - text.count)
      }
      if let last = cells.indices.last { cells[last] = String(cells[last].reversed().drop { $0 == " " }.reversed()) }
      if index > 0, Screen.output.isColoured, let colours, let colour = colours.of(index - 1) {
        cells[colours.column] = colour.applied(to: cells[colours.column])
      }
      return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
  }

  /// Returns narrower columns if the line would be wider than the terminal: the last one first, as the one that explains.
  private static func fitted(_ widths: [Int], to width: Int?) -> [Int] {
    guard let width, let last = widths.indices.last else { return widths }
    var widths = widths
    var excess = widths.reduce(2 * last, +) - width
    let order = [last] + widths.indices.dropLast().sorted { widths[$0] > widths[$1] }
    for column in order where excess > 0 {
      let cut = min(excess, max(0, widths[column] - narrowest))
      widths[column] -= cut
      excess -= cut
    }
    return widths
  }
}

/// A colour of the terminal; ECMA-48.
enum Colour: Int {
  case red = 31
  case green = 32
  case yellow = 33

  func applied(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
}

/// What standard output shows.
struct Screen {
  static let output = Screen()

  /// The number of columns; nil if it is not a terminal.
  let width: Int?
  /// Whether it shows colours; see no-color.org.
  let isColoured: Bool

  /// Returns the number of columns of a terminal; nil if it is not one, or does not know.
  static func width(of descriptor: Int32) -> Int? {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
  }

  private init() {
    guard isatty(STDOUT_FILENO) == 1 else {
      (width, isColoured) = (nil, false)
      return
    }
    width = Self.width(of: STDOUT_FILENO)
    func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
    isColoured = variable("NO_COLOR").isEmpty && !["", "dumb"].contains(variable("TERM"))
  }
}
