/// The resources of the host that a job may use, all its processes together.
///
/// A value of this type is within its ranges: `init(from:)` checks them, on both sides of the link.
public struct ResourceLimits: Equatable, Sendable {
  /// The number of processors; 0.5 is half of the time of one.
  public var cpu: Double?
  /// The maximum memory, in bytes; the kernel kills a job that needs more.
  public var memory: Int64?
  /// The maximum number of processes and threads.
  public var tasks: Int64?

  /// The valid range of each value.
  public enum Range {
    /// Processors: from the smallest share the kernel supports to more than any host has.
    public static let cpu = 0.01...10_000
    /// Bytes of memory: with less than a mebibyte no program starts.
    public static let memory: ClosedRange<Int64> = 1_048_576...(1 << 60)
    /// Processes and threads: up to the largest process ID of the kernel.
    public static let tasks: ClosedRange<Int64> = 1...4_194_304
  }

  /// Creates limits with these values; `nil` sets no limit.
  public init(cpu: Double? = nil, memory: Int64? = nil, tasks: Int64? = nil) {
    self.cpu = cpu
    self.memory = memory
    self.tasks = tasks
  }
}

extension ResourceLimits: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case cpu, memory, tasks
  }

  /// Decodes and checks the limits; at least one is required.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    cpu = try container.decodeIfPresent(Double.self, forKey: .cpu)
    memory = try container.decodeIfPresent(Int64.self, forKey: .memory)
    tasks = try container.decodeIfPresent(Int64.self, forKey: .tasks)
    func fail(_ key: CodingKeys, _ fault: String) -> DecodingError {
      .dataCorruptedError(forKey: key, in: container, debugDescription: fault)
    }
    if let cpu, !Range.cpu.contains(cpu) { throw fail(.cpu, "0.01 to 10,000 processors") }
    if let memory, !Range.memory.contains(memory) { throw fail(.memory, "1 MiB to 1 EiB, in bytes") }
    if let tasks, !Range.tasks.contains(tasks) { throw fail(.tasks, "1 to 4,194,304 processes") }
    if cpu == nil, memory == nil, tasks == nil {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "needs at least one of cpu, memory, tasks"))
    }
  }
}
