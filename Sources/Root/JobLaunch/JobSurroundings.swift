import ShepherdContract

/// The settings that the configuration makes for every job.
public struct JobSurroundings: Equatable, Sendable {
  /// The umask(2) of a job whose request names none.
  public var umask: UInt32
  /// The limits for setrlimit(2).
  public var processLimits: [ProcessLimit]
  /// Whether users without a login shell are refused.
  public var loginShellIsRequired: Bool

  /// A limit for setrlimit(2).
  public struct ProcessLimit: Equatable, Sendable {
    let limit: Order.ResourceLimit

    /// Creates a limit.
    ///
    /// - Parameters:
    ///   - resource: the resource, such as `RLIMIT_NOFILE`.
    ///   - soft: the limit in force; `UInt64.max` for none.
    ///   - hard: how far the job may raise it; `UInt64.max` for no bound.
    public init(resource: Int, soft: UInt64, hard: UInt64) {
      limit = Order.ResourceLimit(resource: UInt32(resource), soft: soft, hard: hard)
    }
  }

  /// Creates settings with the usual defaults.
  public init(umask: UInt32 = 0o022, loginShellIsRequired: Bool = false, processLimits: [ProcessLimit] = []) {
    (self.umask, self.loginShellIsRequired, self.processLimits) = (umask, loginShellIsRequired, processLimits)
  }
}
