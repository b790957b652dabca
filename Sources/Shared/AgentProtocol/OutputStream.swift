/// One of the two that a job writes to.
public enum OutputStream: String, Codable, Sendable, CaseIterable {
  /// Descriptor 1, and descriptor 2 unless that is kept apart.
  case stdout
  /// Descriptor 2 of a job that asked for it to be kept apart.
  case stderr
}

/// Where what a job writes to descriptor 2 is kept.
public enum ErrorOutput: String, Codable, Sendable, CaseIterable {
  /// In the output, in the order of the writes.
  case merged
  /// In a file of its own, `OutputStream.stderr`.
  case separate
}
