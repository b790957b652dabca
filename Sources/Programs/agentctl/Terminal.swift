import AgentProtocol
import Console
import FoundationEssentials
import Glibc
import SystemCalls
import Wording

/// The reader of our standard output or error has gone, or writing to it failed.
struct OutputClosed: Error {
  let code: Int32
}

/// Writes bytes to standard output, or error, unchanged.
func write(_ bytes: [UInt8], as stream: OutputStream = .stdout) throws {
  do throws(SystemError) { try (stream == .stdout ? StandardStream.output : .error).write(bytes) } catch {
    // As a shell reports a program that SIGPIPE ended.
    if error.code != EPIPE { complain("\(stream.rawValue): \(error.reason)") }
    throw OutputClosed(code: error.code == EPIPE ? 128 + SIGPIPE : ExitStatus.inputOutput.rawValue)
  }
}

/// Writes a line to standard output.
func printLine(_ text: String) throws { try write(Array("\(text)\n".utf8)) }

/// Writes a line to standard error, prefixed with the program's name.
func complain(_ text: String) { StandardStream.complain(text, "agentctl") }

/// Writes a value as JSON in the agent's format.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  guard let json = try? encoder.encode(value) else { return complain("the answer cannot be written as JSON") }
  try write(Array(json) + [UInt8(ascii: "\n")])
}

extension JobStatus {
  /// One line for a list of jobs.
  var line: String {
    let words = command.map { $0.contains(" ") || $0.isEmpty ? "'\($0)'" : $0 }.joined(separator: " ")
    return printable("\(submittedAt)  \(state.rawValue)\(outcome)  \(id)  \(user)  \(words)")
  }

  /// What the state alone does not tell, in parentheses.
  var outcome: String {
    if let signal { return "(\(signal))" }
    if let exitCode, exitCode != 0 { return "(\(exitCode))" }
    return ""
  }

  /// The exit code of agentctl for a job that ended this way: that of a shell if the job itself ended, otherwise as in sysexits(3).
  var processExitCode: Int32 {
    if let exitCode { return exitCode }
    switch state {
    case .succeeded: return EXIT_SUCCESS
    case .killed, .cancelled, .timedOut, .outputLimit: return 128 + (signal == "SIGTERM" ? SIGTERM : SIGKILL)
    case .couldNotStart: return 126
    case .interrupted: return ExitStatus.temporary.rawValue
    default: return ExitStatus.software.rawValue
    }
  }
}
