import Testing

@testable import Shepherd

/// Goal: two streams share one limit, and a flood on one leaves a short output on the other unchanged.
struct LimitIsShared {
  @Test(
    arguments: [
      ([60], 100, [60]), ([160], 100, [100]),
      ([60, 40], 100, [60, 40]), ([1000, 10], 100, [90, 10]), ([10, 1000], 100, [10, 90]),
      ([1000, 1000], 100, [50, 50]), ([55, 80], 100, [50, 50]), ([49, 80], 100, [49, 51]), ([0, 0], 0, [0, 0]),
      ([1, 1], 0, [0, 0]), ([1, 1], 1, [0, 1]),
    ] as [([UInt64], UInt64, [UInt64])])
  func whatStays(_ sizes: [UInt64], _ limit: UInt64, _ kept: [UInt64]) {
    #expect(OutputWatch.kept(of: sizes, limit: limit) == kept)
  }
}
