/// Takes away a `-V` that no file follows, where `--at` says what is meant: the parser knows no option that may be without its
/// value.
func withoutBareVerify(_ arguments: [String]) -> [String] {
  guard arguments.contains(where: { $0 == "--at" || $0.hasPrefix("--at=") }),
    let place = arguments.firstIndex(where: { $0 == "-V" || $0 == "--verify" })
  else { return arguments }
  let next = arguments.dropFirst(place + 1).first
  if let next, next == "-" || !next.hasPrefix("-") { return arguments }
  return Array(arguments[..<place] + arguments[(place + 1)...])
}
