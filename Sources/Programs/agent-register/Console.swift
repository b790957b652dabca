import AgentRegistration
import Glibc
import SystemCalls
import Wording

/// Writes a report where it belongs.
func deliver(_ report: Report) throws {
  for warning in report.warnings { complain("warning: \(warning)") }
  try write(report.output, to: STDOUT_FILENO, "standard output")
}

/// One line on standard error, after the program's name. If that fails there is nobody to tell.
func complain(_ text: String) {
  try? write(Array("\(RegisterCommand.programName): \(printable(text))\n".utf8), to: STDERR_FILENO, "standard error")
}

private func write(_ bytes: [UInt8], to number: Int32, _ name: String) throws(RegistrationError) {
  do throws(SystemError) {
    try FileDescriptor(owning: try checked("dup", name) { dup(number) }).writeAll(bytes, name)
  } catch {
    throw RegistrationError(.inputOutput, "\(name): \(error.reason)")
  }
}
