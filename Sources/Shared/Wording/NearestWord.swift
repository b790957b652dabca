/// Returns the word that a person most likely meant by a misspelt one.
///
/// - Returns: the nearest of `candidates` by edit distance (Levenshtein, with a swap of neighbours counted as one), the first of equals;
///   `nil` if none is near enough to be a typing error: more than two edits, or more than a third of the word.
public func nearestWord(to word: String, among candidates: some Sequence<String>) -> String? {
  let most = min(2, max(1, word.count / 3))
  var best: (word: String, distance: Int)?
  for candidate in candidates {
    let distance = editDistance(Array(word), Array(candidate))
    if distance <= most, distance < best?.distance ?? Int.max { best = (candidate, distance) }
  }
  return best?.word
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...right.count)
  for (row, character) in left.enumerated() {
    var current = [row + 1]
    for (column, other) in right.enumerated() {
      var cost = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (character == other ? 0 : 1))
      if row > 0, column > 0, character == right[column - 1], left[row - 1] == other {
        cost = min(cost, beforePrevious[column - 1] + 1)
      }
      current.append(cost)
    }
    (beforePrevious, previous) = (previous, current)
  }
  return previous[right.count]
}
