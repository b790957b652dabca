import TestSupport

/// Random numbers that are repeatable with a seed.
struct RandomSource: RandomNumberGenerator {
  private var numbers: RepeatableRandom

  init(seed: UInt64, stream: Int) {
    numbers = RepeatableRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(stream) &* 0xD1B5_4A32_D192_ED03)
  }

  mutating func next() -> UInt64 { numbers.next() }

  /// Returns true with this probability.
  mutating func happens(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}
