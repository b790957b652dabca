import Values

extension JobStatus {
  /// The status as the API shows it, byte for byte as `JSONEncoder` writes it with sorted keys and slashes as they are (RFC 8259).
  ///
  /// It is written for every answer about a job, on the supervisor's only thread: `JSONEncoder` takes many times as long.
  public var json: String {
    var writer = JSONWriter()
    writeJSON(to: &writer) {
      $0.array(command) { $0.string($1) }
    } labels: {
      $0.object(labels.sorted { $0.key < $1.key }) { $0.string($1) }
    }
    return writer.text
  }

  /// Writes the status as `json` does.
  ///
  /// - Parameters:
  ///   - command: writes what stands for `command`, which is ignored: a reader of records need not decode it.
  ///   - labels: writes what stands for `labels`, likewise.
  public func writeJSON(
    to writer: inout JSONWriter, command: (inout JSONWriter) -> Void, labels: (inout JSONWriter) -> Void
  ) {
    writer.object {
      $0.member(CodingKeys.client) {
        $0.object {
          $0.member("subject") { $0.string(client.subject) }
          $0.member("thumbprint") { $0.string(client.thumbprint.description) }
        }
      }
      $0.member(CodingKeys.command, command)
      $0.member(CodingKeys.cpuSeconds) { $0.number(cpuSeconds) }
      $0.member(CodingKeys.diskWasFull) { $0.flag(diskWasFull) }
      $0.member(CodingKeys.exitCode) { $0.number(exitCode) }
      $0.member(CodingKeys.finishedAt) { $0.string(finishedAt?.description) }
      $0.member(CodingKeys.id) { $0.string(id.description) }
      $0.member(CodingKeys.killed) { $0.number(killed) }
      $0.member(CodingKeys.labels, labels)
      $0.member(CodingKeys.left) { $0.number(left) }
      $0.member(CodingKeys.outputBytes) { $0.number(outputBytes) }
      $0.member(CodingKeys.outputBytesDropped) { $0.number(outputBytesDropped) }
      $0.member(CodingKeys.peakMemoryBytes) { $0.number(peakMemoryBytes) }
      $0.member(CodingKeys.pool) { $0.string(pool) }
      $0.member(CodingKeys.reason) { $0.string(reason) }
      $0.member(CodingKeys.signal) { $0.string(signal) }
      $0.member(CodingKeys.startedAt) { $0.string(startedAt?.description) }
      $0.member(CodingKeys.state) { $0.string(state.rawValue) }
      $0.member(CodingKeys.stderrBytes) { $0.number(stderrBytes) }
      $0.member(CodingKeys.submittedAt) { $0.string(submittedAt.description) }
      $0.member(CodingKeys.traceparent) { $0.string(traceparent) }
      $0.member(CodingKeys.tracestate) { $0.string(tracestate) }
      $0.member(CodingKeys.user) { $0.string(user) }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ key: JobStatus.CodingKeys, _ value: (inout JSONWriter) -> Void) {
    member(key.rawValue, value)
  }
}
