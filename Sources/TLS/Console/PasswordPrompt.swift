import CLinux
import Glibc
import OpenSSL
import SystemCalls

/// Asks for a password on the terminal.
public enum PasswordPrompt {
  /// The maximum length of a password, in bytes; OpenSSL's own limit.
  public static let maximumBytes = 1024

  /// The signals that terminate or stop a program: the terminal's echo must be restored first.
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP]

  /// Asks on the process's terminal, whatever standard input is, without echo.
  ///
  /// Ctrl-C and the other signals have their usual effect, after the terminal's settings have been restored.
  ///
  /// - Parameter isCancellable: whether Ctrl-C makes this throw, and nothing else.
  /// - Throws: `EMSGSIZE` for more than `maximumBytes`.
  public static func ask(_ prompt: String, isCancellable: Bool) throws(SecretInputError) -> SecretBytes {
    let terminal: FileDescriptor
    do throws(SystemError) { terminal = try FileDescriptor.open("/dev/tty", O_RDWR | O_NOCTTY) } catch {
      throw .noTerminal
    }
    do throws(SystemError) {
      while true {
        switch try attempt(terminal, prompt) {
        case .line(let line): return line
        case .tooLong:
          throw SystemError("read", "/dev/tty", code: EMSGSIZE)
        case .signal(SIGINT) where isCancellable: throw SystemError("read", "/dev/tty", code: ECANCELED)
        case .signal(let number):
          // Now with its usual effect. After a stop (Ctrl-Z), the prompt is repeated.
          raise(number)
        }
      }
    } catch {
      throw .failed("password", "\(error)")
    }
  }

  /// The same, and Ctrl-C ends the program.
  public static func ask(_ prompt: String) throws(SecretInputError) -> SecretBytes {
    try ask(prompt, isCancellable: false)
  }

  private enum Outcome {
    case line(SecretBytes)
    case tooLong
    case signal(Int32)
  }

  private static func attempt(_ terminal: FileDescriptor, _ prompt: String) throws(SystemError) -> Outcome {
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let arrivals = try SignalDescriptor(signals)
    let raw = terminal.raw
    var settings = termios()
    try checked("tcgetattr", "/dev/tty") { tcgetattr(raw, &settings) }
    let original = settings
    settings.c_lflag &= ~tcflag_t(ECHO | ECHOE | ECHOK | ECHONL)
    settings.c_lflag |= tcflag_t(ICANON | ISIG)
    try checked("tcsetattr", "/dev/tty") { tcsetattr(raw, TCSAFLUSH, &settings) }
    defer {
      var original = original
      tcsetattr(raw, TCSADRAIN, &original)
      _ = write(raw, "\n", 1)
    }
    try terminal.writeAll(Array(prompt.utf8), "/dev/tty")
    return try answer(terminal, arrivals)
  }

  private static func answer(_ terminal: FileDescriptor, _ arrivals: SignalDescriptor) throws(SystemError) -> Outcome {
    var waiting = [
      pollfd(fd: terminal.raw, events: Int16(POLLIN), revents: 0),
      pollfd(fd: arrivals.descriptor.raw, events: Int16(POLLIN), revents: 0),
    ]
    try checked("poll", "/dev/tty") { poll(&waiting, nfds_t(waiting.count), -1) }
    if let signal = try arrivals.next() { return .signal(signal) }
    return try line(terminal)
  }

  private static func line(_ terminal: FileDescriptor) throws(SystemError) -> Outcome {
    // On the stack and wiped, so that it does not remain in memory that is reused later.
    let capacity = maximumBytes + 1
    let result: Result<Outcome, SystemError> = withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) {
      buffer in
      defer { explicit_bzero(buffer.baseAddress!, buffer.count) }
      do throws(SystemError) {
        let count = try checked("read", "/dev/tty") { read(terminal.raw, buffer.baseAddress, capacity) }
        if count == capacity { return .success(.tooLong) }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
        return .success(.line(SecretBytes(copying: bytes).firstLine))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
