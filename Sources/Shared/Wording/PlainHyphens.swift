/// Replaces dashes that a word processor made of hyphens by the intended hyphens: the article prints `jams-agentd –F`, which people copy.
///
/// Only the beginning of an argument is checked, and nothing after `--`.
///
/// - Parameter longOptions: the names of the long options, without hyphens: a single dash before one of them stands for two hyphens.
public func plainHyphens(_ arguments: some Sequence<String>, longOptions: Set<String>) -> [String] {
  var isOption = true
  return arguments.map { argument in
    if argument == "--" { isOption = false }
    let dashes = argument.prefix { $0 == "–" || $0 == "—" || $0 == "-" }
    guard isOption, dashes.contains(where: { $0 != "-" }) else { return argument }
    let rest = argument.dropFirst(dashes.count)
    guard rest.first?.isLetter == true, dashes.count <= 2 else { return argument }
    let isLong = longOptions.contains(String(rest.prefix { $0 != "=" })) && rest.count > 1
    return (isLong || dashes.count == 2 ? "--" : "-") + rest
  }
}
