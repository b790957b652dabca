import CLinux
import Glibc

/// Signals as something to read: signalfd(2). No handler runs, so nothing has to be async-signal-safe.
public struct SignalDescriptor: Sendable {
  /// Polls readable when a signal has come in.
  public let descriptor: FileDescriptor

  /// Blocks `signals` for the calling thread, which must be the only one or the first, and receives them from now on. Those
  /// that are pending already count.
  public init(_ signals: [Int32]) throws(SystemError) {
    descriptor = FileDescriptor(
      owning: try checked("signalfd") { signals.withUnsafeBufferPointer { clinux_signalfd($0.baseAddress, $0.count) } })
  }

  /// The next signal that has come in; `nil` if there is none. Several of one kind may have become one.
  public func next() throws(SystemError) -> Int32? {
    let raw = descriptor.raw
    let signal = try checked("read", "signalfd") { clinux_read_signal(raw) }
    return signal == 0 ? nil : signal
  }
}
