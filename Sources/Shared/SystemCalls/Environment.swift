import Glibc

/// Returns all variables in this process's environment; environ(7). Entries without `=` are omitted.
public func processEnvironment() -> [String: String] {
  var variables: [String: String] = [:]
  var entry = environ
  while let text = entry.pointee {
    let words = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if words.count == 2 { variables[String(words[0])] = String(words[1]) }
    entry += 1
  }
  return variables
}
