/// `message` with the option that was probably meant, where one differs from the unknown one in nothing but its case.
func withCaseHint(_ message: String) -> String {
  guard let letter = message.wholeMatch(of: #/Unknown option '-([A-Za-z])'/#)?.1.first else { return message }
  let other = letter.isUppercase ? letter.lowercased() : letter.uppercased()
  return "IqPRnsLtdebplxEoVch".contains(other) ? "\(message), did you mean -\(other)?" : message
}
