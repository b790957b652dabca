import Glibc
import SystemCalls

/// A process that is run to its end, and its output.
final class RenewalProcess {
  private let process: ProcessHandle
  private let output: FileDescriptor
  private let outputLimit: Int
  private let ended: (ProcessEnd, String) -> Void
  private var said: [UInt8] = []
  private var outputWatch: Reactor.Watch?
  private var processWatch: Reactor.Watch?
  private var deadline: TimerQueue.Timer?

  /// The process ID.
  var number: pid_t { process.processID }

  /// Starts the process.
  ///
  /// - Parameters:
  ///   - limit: the time after which it is killed.
  ///   - outputLimit: the maximum output in bytes; the rest is discarded.
  ///   - ended: called once, in a later turn, with the last line of its output.
  init(
    _ program: Program, on reactor: Reactor, limit: Duration, outputLimit: Int,
    ended: @escaping (ProcessEnd, String) -> Void
  ) throws(SystemError) {
    let theirs: FileDescriptor
    (output, theirs) = try FileDescriptor.pipe()
    try output.setNonBlocking(true)
    var program = program
    program.descriptors = [nil, theirs, theirs]
    process = try program.start()
    self.outputLimit = outputLimit
    self.ended = ended
    outputWatch = try reactor.watch(output, for: .readable) { [weak self] _ in self?.read() }
    processWatch = try reactor.watch(process.descriptor, for: .readable) { [weak self] _ in self?.processEnded() }
    deadline = reactor.after(limit) { [process] in try? process.send(SIGKILL) }
  }

  private func read() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(output.raw, &chunk, chunk.count)
      if count > 0 {
        said += chunk[..<min(count, max(0, outputLimit - said.count))]
      } else {
        // The end, unless there is just no more data yet.
        if count == 0 || errno != EAGAIN { outputWatch = nil }
        return
      }
    }
  }

  private func processEnded() {
    if outputWatch != nil { read() }
    (outputWatch, processWatch) = (nil, nil)
    deadline?.cancel()
    let end = ProcessEnd(reaping: process)
    let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
    ended(end, lines.last.map(String.init) ?? "")
  }
}
