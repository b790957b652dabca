/// The words that commands consist of.
public enum Vocabulary {
  /// Returns the words and switches that begin with `word`, in upper case and without duplicates.
  public static func completions(of word: String) -> [String] {
    let beginning = word.uppercased()
    return all.filter { $0.hasPrefix(beginning) }
  }

  private static let all: [String] = {
    let syntaxes = SchedulerCommand.allCases.map(\.syntax)
    let switches = syntaxes.flatMap(\.switches).map { "/\($0.name)\($0.example == nil ? "" : "=")" }
    return Set(syntaxes.flatMap(\.words) + switches + ["EXIT"]).sorted()
  }()
}
