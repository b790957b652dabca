/// One of the two output streams of a job.
public enum OutputStream: String, Codable, Sendable, CaseIterable {
  /// Descriptor 1, and descriptor 2 unless it is kept apart.
  case stdout
  /// Descriptor 2 of a job that keeps it apart.
  case stderr
}

/// Where the standard error of a job goes.
public enum ErrorOutput: String, Codable, Sendable, CaseIterable {
  /// To the output, in the order of the writes.
  case merged
  /// To a separate file, `OutputStream.stderr`.
  case separate
}
