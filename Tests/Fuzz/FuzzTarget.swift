/// A place where bytes enter from outside.
struct FuzzTarget: Sendable {
  /// The name on the command line.
  let name: String
  /// The maximum length of an input, in bytes.
  let maximumBytes: Int
  /// Valid inputs to start with, generated in each run.
  let seeds: @Sendable () throws -> [[UInt8]]
  /// The tokens of the format.
  let words: [String]
  /// Reads an input and checks what must be true of it. Throwing is a refusal, which is as good as success.
  let body: @Sendable ([UInt8]) throws -> Void

  init(
    _ name: String, atMost maximumBytes: Int = 4096, words: [String] = [],
    seeds: @escaping @Sendable () throws -> [[UInt8]], _ body: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.maximumBytes = maximumBytes
    self.words = words
    self.seeds = seeds
    self.body = body
  }
}

/// All targets.
let targets: [FuzzTarget] =
  configurationTargets + wordTargets + recordTargets + linkTargets + httpTargets + signingTargets + logTargets
  + certificateTargets + gateTargets + pathTargets + enrolmentTargets

/// Checks a promise about every input; libFuzzer keeps an input that breaks it.
func promise(_ holds: Bool, _ text: @autoclosure () -> String) {
  if !holds { fatalError("broken promise: \(text())") }
}
