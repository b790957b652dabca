/// Returns the words of a command line if they are a command of scheduler-register, in upper case; nil otherwise.
///
/// It is for the other programs, which answer with the right one.
public func commandOfScheduler(_ arguments: some Sequence<String>) -> String? {
  let words = arguments.flatMap { $0.split(separator: " ") }.map { $0.uppercased() }.prefix { !$0.hasPrefix("/") }
  guard words.count > 1, verbs.contains(words[0]), nouns.contains(words[1]) else { return nil }
  return words.joined(separator: " ")
}

private let verbs: Set = ["CREATE", "LIST", "SET", "REMOVE", "SIGN", "ADD", "EXPORT", "IMPORT", "SERVE", "REVOKE"]

private let nouns: Set = [
  "ROOT", "EXEC", "EXECUTOR", "AGENT", "OPERATOR", "REQUEST", "CERT", "DEFAULT", "CONNECTORS", "ENROLMENT", "CRL",
]
