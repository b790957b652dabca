import Dispatch
import Glibc
import Synchronization
import SystemCalls

/// The way in which a process ended.
public enum ProcessEnd: Equatable, Sendable {
  /// It exited with this code.
  case exited(Int32)
  /// This signal ended it.
  case signalled(Int32)
}

/// The output of a process, and how it ended.
public struct ProcessResult: Sendable {
  /// How it ended.
  public let end: ProcessEnd
  /// Its standard output.
  public let output: [UInt8]
  /// Its standard error.
  public let errors: [UInt8]

  /// Standard output as text.
  public var outputText: String { String(decoding: output, as: UTF8.self) }
  /// Standard error as text.
  public var errorText: String { String(decoding: errors, as: UTF8.self) }
}

/// A running program with its output collected; killed when the last reference is released.
public final class TestProcess: Sendable {
  /// The process, which stays unreaped until `end(within:)` has returned.
  public let handle: ProcessHandle
  private let output: Collected
  private let errors: Collected
  private let input: FileDescriptor
  private let ended = Mutex<ProcessEnd?>(nil)

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - command: the program (absolute, or looked up in PATH) and its arguments.
  ///   - environment: the complete environment; `nil` for the test's own.
  ///   - directory: the working directory; `nil` for the test's own.
  ///   - input: the standard input, at most 64 KiB; `nil` leaves the pipe open for `write(_:)`.
  public init(
    _ command: [String], environment: [String: String]? = nil, directory: String? = nil, input: [UInt8]? = []
  ) throws {
    let (childInput, ownInput) = try FileDescriptor.pipe()
    let (ownOutput, childOutput) = try FileDescriptor.pipe()
    let (ownErrors, childErrors) = try FileDescriptor.pipe()
    var program = Program(command[0], arguments: command, descriptors: [childInput, childOutput, childErrors])
    program.environment = environment?.map { "\($0.key)=\($0.value)" }
    program.directory = directory
    handle = try program.start()
    self.input = ownInput
    output = Collected(ownOutput)
    errors = Collected(ownErrors)
    if let input {
      try ownInput.writeAll(input)
      ownInput.close()
    }
  }

  deinit { try? handle.send(SIGKILL) }

  /// Writes to the program's standard input.
  public func write(_ text: String) throws { try input.writeAll(Array(text.utf8)) }

  /// Closes the program's standard input.
  public func closeInput() { input.close() }

  /// The standard output so far.
  public var outputText: String { String(decoding: noted(output).bytes, as: UTF8.self) }

  /// The standard error so far.
  public var errorText: String { String(decoding: noted(errors).bytes, as: UTF8.self) }

  /// Whether the process has ended.
  public var isOver: Bool { (try? reaped()) != nil }

  private func noted(_ stream: Collected) -> Collected {
    ReadProcesses.current?.note(self)
    return stream
  }

  /// How it ended, with everything that it has written; `nil` if there may be more.
  fileprivate var result: ProcessResult? {
    guard let end = try? reaped(), output.isComplete, errors.isComplete else { return nil }
    return ProcessResult(end: end, output: output.bytes, errors: errors.bytes)
  }

  /// Waits for the process and its output to end.
  ///
  /// - Throws: `DeadlineMissed` after killing it, with its standard error.
  public func end(within limit: Duration = .seconds(120)) async throws -> ProcessResult {
    do {
      let end = try await wait(for: "the end of process \(handle.processID)", within: limit) { try reaped() }
      try await wait(for: "the end of its output", within: limit) { output.isComplete && errors.isComplete }
      return ProcessResult(end: end, output: output.bytes, errors: errors.bytes)
    } catch let missed as DeadlineMissed {
      try? handle.send(SIGKILL)
      throw DeadlineMissed(description: "\(missed); it wrote: \(errorText)")
    }
  }

  private func reaped() throws -> ProcessEnd? {
    try ended.withLock { ended in
      if ended != nil { return ended }
      var status: Int32 = 0
      if try checked("waitpid", nil, { waitpid(handle.processID, &status, WNOHANG) }) == 0 { return nil }
      ended = status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .signalled(status & 0x7f)
      return ended
    }
  }
}

/// The programs whose output a condition has read.
final class ReadProcesses: Sendable {
  @TaskLocal static var current: ReadProcesses?
  private let processes = Mutex<[TestProcess]>([])

  func note(_ process: TestProcess) {
    processes.withLock { if !$0.contains(where: { $0 === process }) { $0.append(process) } }
  }

  /// All of them if there are some and none can write more; `nil` otherwise.
  var ifAllAreOver: [TestProcess]? {
    let processes = processes.withLock { $0 }
    return !processes.isEmpty && processes.allSatisfy { $0.result != nil } ? processes : nil
  }
}

/// The error if programs ended without having written what a test waits for.
public struct ProgramEnded: Error, CustomStringConvertible {
  /// How they ended, and what they wrote to their standard error.
  public let description: String

  init(_ processes: [TestProcess], before what: String) {
    let ends = processes.compactMap(\.result).map { result in
      "\(result.end), output: \(result.outputText.suffix(1000)), standard error: \(result.errorText)"
    }
    description = "the program ended before \(what): \(ends.joined(separator: "; "))"
  }
}

/// Runs a program to its end.
///
/// - Throws: `DeadlineMissed` after killing it.
public func run(
  _ command: String..., environment: [String: String]? = nil, directory: String? = nil, input: String = "",
  within limit: Duration = .seconds(120)
) async throws -> ProcessResult {
  try await TestProcess(command, environment: environment, directory: directory, input: Array(input.utf8))
    .end(within: limit)
}

/// Collects the output of a pipe, on a separate thread.
private final class Collected: Sendable {
  private let state = Mutex<(bytes: [UInt8], complete: Bool)>(([], false))

  init(_ source: FileDescriptor) {
    // A separate queue: the global one adds threads slowly while others block.
    DispatchQueue(label: "collected").async { [self] in
      var chunk = [UInt8](repeating: 0, count: 65536)
      while case let count = read(source.raw, &chunk, chunk.count), count > 0 || (count < 0 && errno == EINTR) {
        if count > 0 { state.withLock { $0.bytes.append(contentsOf: chunk[..<count]) } }
      }
      source.close()
      state.withLock { $0.complete = true }
    }
  }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var isComplete: Bool { state.withLock { $0.complete } }
}
