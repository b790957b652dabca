/// One place where bytes enter from outside.
struct FuzzTarget: Sendable {
  /// As it is given on the command line.
  let name: String
  /// The longest input that is tried.
  let maximumBytes: Int
  /// Good inputs to begin with, made anew in each run.
  let seeds: @Sendable () throws -> [[UInt8]]
  /// What the format is made of.
  let words: [String]
  /// Reads an input and checks what must hold of it. What it throws is a refusal, which is as good as a success.
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
  + certificateTargets + gateTargets + enrolmentTargets

/// A promise about every input; libFuzzer keeps the input that breaks it.
func promise(_ holds: Bool, _ text: @autoclosure () -> String) {
  if !holds { fatalError("broken promise: \(text())") }
}
