import AgentProtocol
import Console
import FoundationEssentials
import Glibc
import SystemCalls
import Wording

/// The reader of our standard output, or error, has gone.
struct OutputClosed: Error {
  let code: Int32
}

/// Writes bytes to standard output, or error, as they are.
func write(_ bytes: [UInt8], as stream: OutputStream = .stdout) throws {
  do throws(SystemError) { try (stream == .stdout ? StandardStream.output : .error).write(bytes) } catch {
    // As a shell shows a program that SIGPIPE ended.
    if error.code != EPIPE { complain("\(stream.rawValue): \(error.reason)") }
    throw OutputClosed(code: error.code == EPIPE ? 128 + SIGPIPE : ExitStatus.inputOutput.rawValue)
  }
}

/// Writes a line to standard output.
func printLine(_ text: String) throws { try write(Array("\(text)\n".utf8)) }

/// Writes a line to standard error, with the program's name before it.
func complain(_ text: String) { StandardStream.complain(text, "agentctl") }

/// Writes a value as JSON, as the agent would.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  guard let json = try? encoder.encode(value) else { return complain("the answer cannot be written as JSON") }
  try write(Array(json) + [UInt8(ascii: "\n")])
}

extension JobStatus {
  /// One line for a list.
  var line: String {
    let words = command.map { $0.contains(" ") || $0.isEmpty ? "'\($0)'" : $0 }.joined(separator: " ")
    return printable("\(submittedAt)  \(state.rawValue)\(outcome)  \(id)  \(user)  \(words)")
  }

  /// What the state alone does not say, in parentheses.
  var outcome: String {
    if let signal { return "(\(signal))" }
    if let exitCode, exitCode != 0 { return "(\(exitCode))" }
    return ""
  }

  /// What agentctl exits with for a job that ended so: as a shell does where the job itself ended, else as sysexits(3).
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
