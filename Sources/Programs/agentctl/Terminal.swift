import AgentProtocol
import Console
import FoundationEssentials
import Glibc
import SystemCalls

/// Standard output or error cannot be written.
struct OutputClosed: Error {
  /// The exit code for it.
  let code: Int32
  /// Whether the reader has gone: a pipe or a terminal was closed. Otherwise the disk is full, for example.
  let readerIsGone: Bool
}

/// Writes bytes to standard output, or error, unchanged.
func write(_ bytes: [UInt8], as stream: OutputStream = .stdout) throws(OutputClosed) {
  do throws(SystemError) { try (stream == .stdout ? StandardStream.output : .error).write(bytes) } catch {
    // As a shell reports a program that SIGPIPE ended.
    if error.code == EPIPE { throw OutputClosed(code: 128 + SIGPIPE, readerIsGone: true) }
    complain("\(stream.rawValue): \(error.reason)")
    let isHungUp = error.code == EIO && isDevice(stream == .stdout ? STDOUT_FILENO : STDERR_FILENO)
    throw OutputClosed(code: ExitStatus.inputOutput.rawValue, readerIsGone: isHungUp)
  }
}

private func isDevice(_ number: Int32) -> Bool {
  var status = stat()
  return fstat(number, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
}

/// Whether standard error goes to another place than standard output: not the same terminal, pipe or file.
var errorsGoElsewhere: Bool {
  var (output, errors) = (stat(), stat())
  guard fstat(STDOUT_FILENO, &output) == 0, fstat(STDERR_FILENO, &errors) == 0 else { return false }
  return output.st_dev != errors.st_dev || output.st_ino != errors.st_ino
}

/// Writes a line to standard output.
func printLine(_ text: String) throws(OutputClosed) { try write(Array("\(text)\n".utf8)) }

/// Writes a line to standard error, prefixed with the program's name.
func complain(_ text: String) { StandardStream.complain(text, "agentctl") }

/// Writes a value as JSON in the agent's format.
func printJSON(_ value: some Encodable) throws(OutputClosed) {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  guard let json = try? encoder.encode(value) else { return complain("the answer cannot be written as JSON") }
  try write(Array(json) + [UInt8(ascii: "\n")])
}
