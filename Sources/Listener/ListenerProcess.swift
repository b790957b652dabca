import SystemCalls

/// The network side of agentd: TLS and HTTP, on behalf of the supervisor at the other end of the link.
public enum ListenerProcess {
  /// Serves until the link ends or the supervisor asks to drain; blocks the calling thread, which should be the main one.
  ///
  /// The process must log by then (swift-log bootstrapped). Everything else that it needs comes over the link: see
  /// `SupervisorMessage.configure`.
  ///
  /// - Parameter link: this process's end of the link, a blocking stream socket; kept open until the return.
  /// - Returns: the exit code, as in sysexits(3): 0 after a drain or the end of the link, `EX_CONFIG` for unusable material,
  ///   `EX_PROTOCOL` for a supervisor that breaks the link's contract.
  public static func run(link: FileDescriptor) -> Int32 {
    fatalError("not yet")
  }
}
