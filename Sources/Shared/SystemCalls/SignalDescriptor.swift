import CLinux
import Glibc

/// Signals as readable data: signalfd(2). No handler runs, so nothing needs to be async-signal-safe.
public struct SignalDescriptor: Sendable {
  /// The descriptor; polls as readable when a signal is pending.
  public let descriptor: FileDescriptor

  /// Blocks `signals` for the calling thread, which must be the only or the first one, and receives them from now on, including those that
  /// are already pending.
  public init(_ signals: [Int32]) throws(SystemError) {
    descriptor = FileDescriptor(
      owning: try checked("signalfd") { signals.withUnsafeBufferPointer { clinux_signalfd($0.baseAddress, $0.count) } })
  }

  /// Returns the next pending signal; `nil` if there is none. Several signals of one kind may be merged into one.
  public func next() throws(SystemError) -> Int32? { try nextWithValue()?.signal }

  /// Returns the next pending signal with the value that its sender gave it, or 0; `nil` if there is none.
  public func nextWithValue() throws(SystemError) -> (signal: Int32, value: Int32)? {
    let raw = descriptor.raw
    var value: Int32 = 0
    let signal = try checked("read", "signalfd") { clinux_read_signal(raw, &value) }
    return signal == 0 ? nil : (signal, value)
  }
}
